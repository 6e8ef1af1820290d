"""The service: models and the lab over HTTP, a thin face over the jobs. Needs the extra `serve`."""

from sightline.serve.config import ServeConfig

__all__ = ["ServeConfig"]
