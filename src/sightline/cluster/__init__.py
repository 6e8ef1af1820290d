"""The same jobs on a Ray cluster: a thin face over them. Needs the extra `cluster`; Ray is loaded when it is asked for.

    with connected("auto") as engine:
        apply(pipeline, "photos", "out", engine=engine)
        train("photos", fit=together(processes=4))
        tune("photos", search=side_by_side())

Ray schedules, starts again what died, and bounds the memory; what is done to a picture is what is done without it.
"""

from sightline.cluster.connection import connected, side_by_side, together

__all__ = ["connected", "side_by_side", "together"]
