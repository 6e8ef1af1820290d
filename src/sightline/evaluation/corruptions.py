"""Damage in five degrees, as pipelines of picture steps: what MNIST-C (Mu and Gilmer 2019, arXiv:1906.02337) asks, and more.

Degrees of noise, brightness and JPEG are those of its published code, the others are set between hardly seen and hardly
legible. Pixels are the network's, so that a photo is damaged as much as what the network sees of it. Of the fifteen corruptions of
MNIST-C only canny_edges is left out: it has no degrees.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from sightline.errors import ParameterError
from sightline.image import Image
from sightline.ops import blank, circle, noise
from sightline.pipeline import Among, Between, OneOf, Pipeline, Step
from sightline.pipeline.step import AnyStep
from sightline.registry import Registry

__all__ = ["CORRUPTIONS", "LEVELS", "Corruption", "Scene"]

LEVELS = 5
VARIANTS = 16  # of what is drawn on pictures: each gets one of them
SEEDS = Between(0, 2**31 - 1)
FINE = 4  # strokes grow and shrink on pictures enlarged so often, by halves of a pixel


@dataclass(frozen=True)
class Scene:
    """What a corruption has to know of a picture: its sides, how many of its pixels are one of the network's, its ground.

    `ground`: dark or light where the picture is of something drawn on such a ground; None for photos.
    """

    height: int
    width: int
    pixel: float = 1.0
    ground: Literal["dark", "light"] | None = None

    @property
    def around(self) -> dict[str, Any]:
        """How a picture that is moved goes on past its edge: with its ground, or mirrored."""
        if self.ground is None:
            return {"border": "reflect"}
        return {"border": "constant", "color": "black" if self.ground == "dark" else "white"}


Build = Callable[[float, Scene], list[AnyStep]]


@dataclass(frozen=True)
class Corruption:
    """One kind of damage: `values` for severities 1 to 5 in `unit`, the least first; `drawn` if it takes a known ground."""

    name: str
    title: str
    unit: str
    values: tuple[float, ...]
    build: Build
    drawn: bool = False

    def applies(self, scene: Scene) -> bool:
        """Whether it means anything for such pictures."""
        return scene.ground is not None or not self.drawn

    def pipeline(self, severity: int, scene: Scene) -> Pipeline:
        """The steps that damage a picture; none at severity 0. ParameterError for a severity that is none."""
        if not 0 <= severity <= LEVELS:
            raise ParameterError("invalid severity", expected=f"0 to {LEVELS}", received=repr(severity))
        return self.at(self.values[severity - 1], scene) if severity else Pipeline()

    def at(self, value: float, scene: Scene) -> Pipeline:
        """The steps for any value in the corruption's unit.

        >>> [step.op for step in CORRUPTIONS.get("glass_blur").at(2.5, Scene(28, 28)).steps]
        ['to_depth8', 'gaussian_blur', 'elastic', 'gaussian_blur']
        """
        return Pipeline((Step("to_depth8"), *self.build(value, scene)))

    def shown(self, severity: int) -> str:
        """A severity as people read it: its number with the unit."""
        return f"{self.values[severity - 1]:g}{'' if self.unit == '°' else ' '}{self.unit}"


CORRUPTIONS: Registry[Corruption] = Registry("corruption")
"""Every corruption by name, in the order of a report."""


def _corruption(title: str, unit: str, *values: float, drawn: bool = False) -> Callable[[Build], Build]:
    def register(build: Build) -> Build:
        name = build.__name__.strip("_")
        CORRUPTIONS.add(name, Corruption(name, title, unit, values, build, drawn))
        return build

    return register


def _noise(kind: str, amount: float) -> list[AnyStep]:
    return [Step("add_noise", {"kind": kind, "amount": amount, "seed": SEEDS})]


@_corruption("Gaussian noise", "% deviation", 8, 12, 18, 26, 38)
def _gaussian_noise(value: float, scene: Scene) -> list[AnyStep]:
    return _noise("gaussian", value / 100)


@_corruption("Shot noise", "photons", 60, 25, 12, 5, 3)
def _shot_noise(value: float, scene: Scene) -> list[AnyStep]:
    return _noise("poisson", value**-0.5)


@_corruption("Impulse noise", "%", 3, 6, 9, 17, 27)
def _impulse_noise(value: float, scene: Scene) -> list[AnyStep]:
    return _noise("salt_pepper", value / 100)


@_corruption("Gaussian blur", "px deviation", 0.5, 1, 1.5, 2, 3)
def _gaussian_blur(value: float, scene: Scene) -> list[AnyStep]:
    return [Step("gaussian_blur", {"sigma": _within(value * scene.pixel, 0.1, 50), "border": "replicate"})]


@_corruption("Motion blur", "px", 3, 5, 7, 9, 12)
def _motion_blur(value: float, scene: Scene) -> list[AnyStep]:
    length = round(_within(value * scene.pixel, 1, 255))
    return [Step("motion_blur", {"length": length, "angle": Between(-45.0, 45.0), "border": "replicate"})]


@_corruption("Glass blur", "px", 1, 2, 3, 4, 6)
def _glass_blur(value: float, scene: Scene) -> list[AnyStep]:
    """Pixels change places within some distance, between two slight blurs."""
    blur = Step("gaussian_blur", {"sigma": _within(0.5 * scene.pixel, 0.1, 50), "border": "replicate"})
    alpha = value * scene.pixel * max(1.0, scene.pixel)  # the wider a field of random shifts is blurred, the weaker it is
    spread = {"alpha": alpha, "sigma": max(0.5, 0.5 * scene.pixel), "seed": SEEDS, "interpolation": "nearest"}
    return [blur, Step("elastic", {**spread, **scene.around}), blur]


@_corruption("Pixelation", "px", 2, 3, 4, 5, 7)
def _pixelate(value: float, scene: Scene) -> list[AnyStep]:
    return [Step("pixelate", {"size": max(1, round(value * scene.pixel))})]


@_corruption("JPEG", "quality", 25, 18, 15, 10, 7)
def _jpeg_compression(value: float, scene: Scene) -> list[AnyStep]:
    return [Step("jpeg_compression", {"quality": round(value)})]


@_corruption("Rotation", "°", 10, 20, 30, 40, 50)
def _rotate(value: float, scene: Scene) -> list[AnyStep]:
    return [Step("rotate", {"angle": Among((-value, value)), **scene.around})]


@_corruption("Shift", "px each way", 1, 2, 3, 4, 5)
def _translate(value: float, scene: Scene) -> list[AnyStep]:
    far = Among((-value * scene.pixel, value * scene.pixel))
    return [Step("translate", {"x": far, "y": far, **scene.around})]


@_corruption("Scale", "% of its size", 90, 80, 70, 60, 50)
def _scale(value: float, scene: Scene) -> list[AnyStep]:
    """Smaller about the middle, where a mean over the pixels that become one is not needed: no more than two do."""
    factor = value / 100
    x, y = ((side - 1) / 2 * (1 - factor) for side in (scene.width, scene.height))
    matrix = ((factor, 0.0, x), (0.0, factor, y))
    return [Step("affine", {"matrix": matrix, "width": scene.width, "height": scene.height, **scene.around})]


@_corruption("Shear", "°", 10, 20, 30, 40, 50)
def _shear(value: float, scene: Scene) -> list[AnyStep]:
    return [Step("shear", {"x": Among((-value, value)), **scene.around})]


@_corruption("Brightness", "points lighter", 10, 20, 30, 40, 50)
def _brightness(value: float, scene: Scene) -> list[AnyStep]:
    return [Step("brightness_contrast", {"brightness": value / 100})]


@_corruption("Contrast", "% left, about middle gray", 80, 60, 40, 20, 10)
def _contrast(value: float, scene: Scene) -> list[AnyStep]:
    return [Step("brightness_contrast", {"contrast": value / 100 - 1})]


@_corruption("Fog", "% cover", 30, 45, 60, 70, 80)
def _fog(value: float, scene: Scene) -> list[AnyStep]:
    return [_one_of("blend", "other", _clouds(scene.height, scene.width), alpha=value / 100)]


@_corruption("Spatter", "% covered", 4, 8, 14, 22, 32)
def _spatter(value: float, scene: Scene) -> list[AnyStep]:
    """Drops of mud, a quarter of white as in MNIST-C, where smooth noise is highest."""
    masks = [
        (np.where(cloud > np.quantile(cloud, 1 - value / 100), 255, 0)).astype(np.uint8)
        for cloud in _clouds(scene.height, scene.width)
    ]
    mud = np.full((scene.height, scene.width), 63, np.uint8)
    return [_one_of("blend", "mask", masks, other=mud, alpha=1.0)]


@_corruption("Occlusion", "% of the sides", 20, 30, 40, 50, 60)
def _occlusion(value: float, scene: Scene) -> list[AnyStep]:
    """A gray square: in black it could not be seen on a dark ground."""
    size = {"holes": 1, "width": value / 100, "height": value / 100}
    return [Step("coarse_dropout", {**size, "color": "#808080", "seed": SEEDS})]


@_corruption("Stripe inverted", "% of the width", 10, 20, 30, 40, 50)
def _stripe(value: float, scene: Scene) -> list[AnyStep]:
    mask = np.zeros((scene.height, scene.width), np.uint8)
    wide = max(1, round(scene.width * value / 100))
    left = (scene.width - wide) // 2
    mask[:, left : left + wide] = 255
    return [Step("bitwise_xor", {"other": 255, "mask": mask})]


@_corruption("Dotted lines", "lines", 1, 2, 3, 4, 6)
def _dotted_line(value: float, scene: Scene) -> list[AnyStep]:
    dots = _dots(scene.height, scene.width)
    return [_one_of("maximum", "other", dots) for _ in range(round(value))]


@_corruption("Zigzags", "lines", 1, 2, 3, 4, 6)
def _zigzag(value: float, scene: Scene) -> list[AnyStep]:
    line = {"closed": False, "color": "white", "thickness": max(1, round(scene.pixel))}
    return [_one_of("polygon", "points", _zigzags(scene.height, scene.width), **line) for _ in range(round(value))]


@_corruption("Thicker strokes", "px", 0.5, 1, 1.5, 2, 2.5, drawn=True)
def _thicker(value: float, scene: Scene) -> list[AnyStep]:
    return _strokes("dilate" if scene.ground == "dark" else "erode", value, scene)


@_corruption("Thinner strokes", "px", 0.5, 1, 1.5, 2, 2.5, drawn=True)
def _thinner(value: float, scene: Scene) -> list[AnyStep]:
    return _strokes("erode" if scene.ground == "dark" else "dilate", value, scene)


def _strokes(op: str, value: float, scene: Scene) -> list[AnyStep]:
    """Both edges of a stroke move by half of `value`, on an enlarged picture so that it need not be whole pixels."""
    radius = round(_within(value / 2 * scene.pixel * FINE, 1, 50))
    back = Step("resize", {"width": scene.width, "height": scene.height, "interpolation": "area"})
    grown = Step("resize", {"width": scene.width * FINE, "height": scene.height * FINE, "interpolation": "linear"})
    return [grown, Step(op, {"shape": "ellipse", "radius": radius}), back]


def _one_of(op: str, name: str, values: tuple[Any, ...] | list[Any], **rest: Any) -> OneOf:
    return OneOf(tuple(Step(op, {name: value, **rest}) for value in values))


def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


@lru_cache(maxsize=8)
def _clouds(height: int, width: int) -> tuple[Image, ...]:
    return tuple(noise(width=width, height=height, kind="clouds", seed=seed) for seed in range(VARIANTS))


@lru_cache(maxsize=8)
def _zigzags(height: int, width: int) -> tuple[tuple[tuple[float, float], ...], ...]:
    """Lines from the left to the right that turn five times, `(x, y)` in pixels."""
    found = []
    for seed in range(VARIANTS):
        random = np.random.default_rng(seed)
        start, stop = random.uniform(0.1, 0.9, 2)
        along = np.linspace(0, 1, 7)
        swing = 0.08 * np.where(np.arange(7) % 2, 1, -1)
        y = start + (stop - start) * along + swing
        found.append(tuple((float(a) * (width - 1), float(b) * (height - 1)) for a, b in zip(along, y, strict=True)))
    return tuple(found)


@lru_cache(maxsize=8)
def _dots(height: int, width: int) -> tuple[Image, ...]:
    """Rows of white dots from one side to the other, on black pictures."""
    found = []
    for seed in range(VARIANTS):
        random = np.random.default_rng(seed)
        start, stop = random.uniform(0.1, 0.9, 2)
        picture = blank(width=width, height=height, color="black", mode="gray")
        radius = max(1, round(min(height, width) / 56))
        for along in np.linspace(0.02, 0.98, 9):
            x, y = round(float(along) * (width - 1)), round(float(start + (stop - start) * along) * (height - 1))
            picture = circle(picture, x=x, y=y, radius=radius, fill=True, color="white")
        found.append(picture)
    return tuple(found)
