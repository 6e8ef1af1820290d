"""The report of a run: one HTML file that opens offline, prints and reads on a phone."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import median
from typing import Any

import yaml
from markupsafe import Markup

from sightline.evaluation.curves import accuracy_curve, accuracy_finding, loss_curve, loss_finding
from sightline.evaluation.maps import most_lost, tinted
from sightline.evaluation.metrics import ClassScore, Evaluation
from sightline.evaluation.page import figure_for_page, rendered
from sightline.evaluation.pictures import LEAST, caption_of, enlarged, png
from sightline.evaluation.record import SAMPLE, RunRecord, Trace, example_indices
from sightline.evaluation.scores import LISTED, calibration_finding, class_finding, confusion_matrix, reliability
from sightline.evaluation.words import bounds, dimensions, measured
from sightline.files import write_text
from sightline.image import Image

__all__ = ["TILE", "embedded", "write_report"]

TILE = 160  # the longest side of a picture in the page, in pixels


def write_report(record: RunRecord, folder: str | Path) -> Path:
    """Write `report.html` into `folder`, whole or not at all, and give back its path; StorageError where that fails."""
    path = Path(folder) / "report.html"
    write_text(path, rendered("report.html.j2", record=record, evaluation=record.evaluation, **_contents(record)))
    return path


def _contents(record: RunRecord) -> dict[str, Any]:
    """What the template shows besides the record itself: figures, pictures and sentences."""
    evaluation = record.evaluation
    number, uncertainty = measured(evaluation.accuracy, evaluation.accuracy_interval)
    return {
        "number": number,
        "uncertainty": uncertainty,
        "interval": bounds(evaluation.accuracy_interval),
        "gain": _gain(record),
        "examples": _tiles(record, example_indices(evaluation)),
        "curves": _curves(record),
        "matrix": figure_for_page(confusion_matrix(evaluation, bare=True), "counts", _matrix_text(evaluation)),
        "matrix_shares": figure_for_page(confusion_matrix(evaluation, shares=True, bare=True), "shares", _matrix_text(evaluation)),
        "class_finding": class_finding(evaluation),
        "scores": _hardest_first(evaluation),
        "many_classes": len(evaluation.classes) > LISTED,
        "mistakes": _mistakes(record),
        "mapped": bool(record.maps),
        "samples": _tiles(record, evaluation.sample(SAMPLE, record.seed)),
        "reliability": figure_for_page(
            reliability(evaluation), "calibration", f"Reliability curve. {calibration_finding(evaluation)}."
        ),
        "calibration_before": _uncapitalized(calibration_finding(evaluation.uncalibrated)),
        "traces": [_trace(trace) for trace in record.traces],
        "widest": max(enlarged(picture, most=TILE).shape[1] for picture in record.pictures.values()),
        "fingerprints": {"dataset": record.dataset.fingerprint, **record.fingerprints},
        "training_speed": _training_speed(record),
        "config": _yaml(record.config),
        "link": record.dataset.homepage if record.dataset.homepage.startswith(("https://", "http://")) else "",
    }


def _uncapitalized(text: str) -> str:
    return text[:1].lower() + text[1:]


def _curves(record: RunRecord) -> list[Markup]:
    if not record.history:
        return []
    return [
        figure_for_page(loss_curve(record.history, record.chosen_epoch), "loss", f"Loss by epoch. {loss_finding(record.history)}."),
        figure_for_page(
            accuracy_curve(record.history, record.chosen_epoch),
            "accuracy",
            f"Accuracy by epoch. {accuracy_finding(record.history)}.",
        ),
    ]


def _matrix_text(evaluation: Evaluation) -> str:
    pairs = (f"{pair.true} taken for {pair.predicted} {pair.count:,} times" for pair in evaluation.most_confused(5))
    return f"Confusion matrix of {len(evaluation.classes)} classes. {'; '.join(pairs) or 'No mistakes'}."


def _gain(record: RunRecord) -> str:
    if record.baseline is None:
        return ""
    points = 100 * (record.evaluation.accuracy - record.baseline[1])
    return f"{abs(points):.1f} points {'above' if points >= 0 else 'below'}"


def _hardest_first(evaluation: Evaluation) -> list[ClassScore]:
    # A class without a score has no place in the order: it comes last.
    return sorted(evaluation.per_class, key=lambda score: (score.f1 != score.f1, score.f1))


def _training_speed(record: RunRecord) -> float | None:
    speeds = [row["pictures_per_second"] for row in record.history if "pictures_per_second" in row]
    return median(speeds) if speeds else None


def _yaml(config: Mapping[str, object]) -> str:
    plain = json.loads(json.dumps(config, default=str))
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True).rstrip() if plain else ""


def _tiles(record: RunRecord, indices: Iterable[int]) -> list[dict[str, Any]]:
    return [
        {"caption": caption_of(record.evaluation, index), "image": embedded(record.pictures[index], LEAST, TILE)}
        for index in indices
    ]


def _mistakes(record: RunRecord) -> list[dict[str, Any]]:
    """The worst mistakes, each with the map of what the wrong answer rests on where there is one."""
    tiles = _tiles(record, worst := record.evaluation.worst(SAMPLE))
    for index, tile in zip(worst, tiles, strict=True):
        if index in record.maps:
            found = record.maps[index]
            tile["map"] = {"image": embedded(tinted(record.pictures[index], found), LEAST, TILE), "text": most_lost(found)}
    return tiles


def _trace(trace: Trace) -> dict[str, Any]:
    name, results = trace
    steps = [{"name": step, "size": dimensions(image), "image": embedded(image, LEAST, TILE)} for step, image in results]
    return {"name": name, "steps": steps}


def embedded(image: Image, least: int, most: int) -> dict[str, Any]:
    """A picture as a data address with the size it is shown at.

    Twice as many pixels are stored as are shown, because print smooths what it must enlarge.
    """
    shown = enlarged(image, least, most)
    stored = shown.repeat(2, axis=0).repeat(2, axis=1) if max(image.shape[:2]) <= least else enlarged(image, least, 2 * most)
    source = f"data:image/png;base64,{b64encode(png(stored)).decode()}"
    return {"source": source, "width": shown.shape[1], "height": shown.shape[0]}
