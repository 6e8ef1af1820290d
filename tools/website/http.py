"""The reference of the service's interface, from the description that the service itself gives."""

from __future__ import annotations

from typing import Any

from sightline.serve.app import create_app
from sightline.serve.config import ServeConfig
from sightline.serve.models import ModelStore
from website.markdown import code, table

__all__ = ["http_page"]

HEAD = """# The HTTP interface

What `sightline serve` answers, from the description that it gives itself at `/openapi.json`; `/docs` is the same to try out. How to
run it: [Serve](../howto/serve.md). Every error is `{"error": "..."}` with one of the statuses named here.
"""


def http_page() -> str:
    """The page."""
    described = _description()
    parts = [HEAD]
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            parts.append(_operation(f"{method.upper()} {path}", operation))
    return "\n".join(parts)


def _description() -> dict[str, Any]:
    app: Any = create_app(ServeConfig(page=False), ModelStore((), max_pixels=1))
    while not hasattr(app, "openapi"):  # the guard and others stand around it
        app = app.app
    found: dict[str, Any] = app.openapi()
    return found


def _operation(title: str, operation: dict[str, Any]) -> str:
    parts = [f"## {title}\n\n{operation.get('summary', '')}\n", f"{operation.get('description', '')}\n"]
    if parameters := operation.get("parameters"):
        rows = [
            [code(one["name"]), f"{one['in']}{', required' if one.get('required') else ''}", one.get("description", "")]
            for one in parameters
        ]
        parts.append(table(["parameter", "where", ""], rows))
    if body := operation.get("requestBody"):
        parts.append("Content: " + ", ".join(map(code, body["content"])) + "\n")
    answers = [
        [code(status), one.get("description", ""), ", ".join(map(code, one.get("content", {})))]
        for status, one in operation["responses"].items()
    ]
    parts.append(table(["status", "", "content"], answers))
    return "\n".join(parts)
