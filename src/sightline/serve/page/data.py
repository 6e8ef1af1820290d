"""The tab *Data*: a dataset's pictures by class and split, and what a check finds in it."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import numpy as np
from pydantic import Field

from sightline.data import check_dataset
from sightline.errors import ImageError, InputError
from sightline.serve.page.calls import Asked, Call, Nothing
from sightline.serve.page.datasets import Data
from sightline.serve.showing import tile

__all__ = ["data_calls"]

PAGE = 48
"""Pictures at a time."""

LONGEST = 128
ITEMS = 12
"""Items of a finding that are named."""


class Named(Asked):
    """A dataset."""

    data: str


class Wanted(Asked):
    """Some of a dataset's pictures: of which split, of which class (None: of all), from which on."""

    data: str
    split: str = "train"
    label: int | None = Field(None, ge=0)
    start: int = Field(0, ge=0)


def data_calls(data: Data) -> list[Call[Any]]:
    """What the tab may ask."""

    async def sources(asked: Nothing) -> list[dict[str, str]]:
        found = await asyncio.to_thread(data.sources)
        return [{"key": source.key, "title": source.title} for source in found]

    async def about(asked: Named) -> dict[str, Any]:
        return await asyncio.to_thread(_about, data, asked.data)

    async def pictures(asked: Wanted) -> dict[str, Any]:
        return await asyncio.to_thread(_pictures, data, asked)

    async def check(asked: Named) -> list[dict[str, Any]]:
        return await asyncio.to_thread(_checked, data, asked.data)

    return [Call(Nothing, sources), Call(Named, about), Call(Wanted, pictures), Call(Named, check)]


def _about(data: Data, key: str) -> dict[str, Any]:
    dataset = data.load(key)
    splits = {}
    for name, split in dataset.splits().items():
        counts = Counter(split.labels.tolist())
        splits[name] = [counts.get(index, 0) for index in range(len(dataset.classes))]
    facts = {name: str(dataset.facts.get(name) or "") for name in ("title", "licence", "citation", "split")}
    return {"name": dataset.name, "classes": list(dataset.classes), "splits": splits, "fingerprint": dataset.fingerprint, **facts}


def _pictures(data: Data, asked: Wanted) -> dict[str, Any]:
    dataset = data.load(asked.data)
    splits = dataset.splits()
    if asked.split not in splits:
        raise InputError(f"there is no split {asked.split!r}", expected=" or ".join(splits))
    split = splits[asked.split]
    places = np.arange(len(split)) if asked.label is None else np.flatnonzero(split.labels == asked.label)
    tiles = []
    for place in places[asked.start : asked.start + PAGE].tolist():
        one = {"name": str(split.names[place]), "label": dataset.classes[split.labels[place]]}
        try:
            image = split.read(place)
            one |= tile(image, LONGEST)
        except ImageError as error:
            one["error"] = error.what
        tiles.append(one)
    return {"total": len(places), "start": asked.start, "each": PAGE, "pictures": tiles}


def _checked(data: Data, key: str) -> list[dict[str, Any]]:
    dataset = data.load(key)
    splits = dataset.splits()
    found = []
    for finding in check_dataset(dataset):
        tiles = []
        for group in finding.pictures[:ITEMS]:
            for name, place in group[:2]:
                title = f"{name}: {splits[name].names[place]}"
                tiles.append({**tile(splits[name].read(place), LONGEST), "name": title})
        more = max(0, len(finding.items) - ITEMS)
        found.append(
            {
                "severity": finding.severity,
                "message": finding.message,
                "items": list(finding.items[:ITEMS]),
                "more": more,
                "pictures": tiles,
            }
        )
    return found
