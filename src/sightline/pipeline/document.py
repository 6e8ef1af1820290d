"""Pipeline files as text: YAML or JSON from anybody, read into plain data and nothing else."""

from __future__ import annotations

import json
from typing import Any

import yaml

from sightline.errors import PipelineError, brief

__all__ = ["from_text", "to_text"]

MAX_DEPTH = 20
MAX_NUMBER = 100  # characters; PyYAML's time for a number grows with the square of its length


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # the one in C where PyYAML has it
    """PyYAML's safe loader, which by itself takes the last of equal keys without a word."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        _refuse_repeated(keys)
        return super().construct_mapping(node, deep)  # type: ignore[no-any-return]


def from_text(text: str, *, is_json: bool) -> object:
    """What the text of a file says; PipelineError if that is no plain data."""
    try:
        if is_json:
            return json.loads(text, object_pairs_hook=_mapping)
        _look_over(text)
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - it is a safe loader
    except (yaml.YAMLError, RecursionError, ValueError, TypeError, OverflowError) as error:
        if isinstance(error, PipelineError):
            raise
        raise PipelineError(" ".join(str(error).split())[:300] or type(error).__name__) from None


def to_text(value: object, *, is_json: bool) -> str:
    """The text of a file that says `value`."""
    if is_json:
        return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=120)


def _look_over(text: str) -> None:
    """Refuse what a pipeline never needs and a loader could be led astray by, before anything is made of the text."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.events.AliasEvent):
            raise PipelineError("there is an alias", expected="no YAML aliases", received=f"*{event.anchor}")
        if tag := getattr(event, "tag", None):
            raise PipelineError("there is a tag", expected="no YAML tags", received=brief(tag))
        depth += isinstance(event, yaml.events.CollectionStartEvent) - isinstance(event, yaml.events.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise PipelineError("it is nested too deeply", expected=f"at most {MAX_DEPTH} levels")
        if isinstance(event, yaml.events.ScalarEvent) and _is_endless(event):
            raise PipelineError("there is an endless number", expected=f"at most {MAX_NUMBER} characters")


def _is_endless(event: yaml.events.ScalarEvent) -> bool:
    unquoted = event.implicit[0]
    return unquoted and len(event.value) > MAX_NUMBER and event.value[0] in "+-.0123456789"


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    _refuse_repeated([key for key, _ in pairs])
    return dict(pairs)


def _refuse_repeated(keys: list[Any]) -> None:
    seen = set()
    for key in keys:
        if key in seen:
            raise PipelineError(f"{brief(key)} is there twice", fix="Keep one of them.")
        seen.add(key)
