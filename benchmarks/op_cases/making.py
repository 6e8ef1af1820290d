"""Pictures made from nothing, and drawn on."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from op_cases.case import PIL, PIL_RGB, SIDE, SKI, Call, Case, change, made, own, ski


def create() -> list[Case]:
    g = "create"
    size: dict[str, Any] = {"width": SIDE, "height": SIDE}
    points = [(40.0, 200.0), (256.0, 30.0), (470.0, 300.0), (200.0, 480.0)]
    outline = np.array(points)[:, ::-1]

    def pil_mask() -> Any:
        mask = Image.new("L", (SIDE, SIDE))
        ImageDraw.Draw(mask).polygon(points, 255)
        return mask

    return [
        Case(g, "blank", made("blank", color="#0072b2", **size), {PIL: lambda: Image.new("RGB", (SIDE, SIDE), "#0072b2")}),
        Case(g, "noise, gaussian", made("noise", kind="gaussian", **size), {
            PIL: lambda: Image.effect_noise((SIDE, SIDE), 42.5),
        }, bound=2, seen=change(np.array(128))),
        Case(g, "mask_from_polygon", made("mask_from_polygon", points=points, **size), {
            PIL: pil_mask, SKI: lambda: ski.draw.polygon2mask((SIDE, SIDE), outline),
        }, bound=1),
    ]  # fmt: skip


def draw() -> list[Case]:
    g = "draw"
    corners = [(40, 200), (256, 30), (470, 300), (200, 480)]
    red = (255, 0, 0)

    def drawn(method: str, *given: Any, **named: Any) -> Call:
        def call() -> Any:
            copy = PIL_RGB.copy()
            getattr(ImageDraw.Draw(copy), method)(*given, **named)
            return copy

        return call

    wanted: list[tuple[str, str, dict[str, Any], Call]] = [
        ("line, 2 px", "line", {"x1": 20, "y1": 30, "x2": 480, "y2": 400, "thickness": 2},
         drawn("line", (20, 30, 480, 400), fill=red, width=2)),
        ("line, 8 px", "line", {"x1": 20, "y1": 30, "x2": 480, "y2": 400, "thickness": 8},
         drawn("line", (20, 30, 480, 400), fill=red, width=8)),
        ("rectangle, 4 px", "rectangle", {"x": 100, "y": 100, "width": 200, "height": 150, "thickness": 4},
         drawn("rectangle", (100, 100, 299, 249), outline=red, width=4)),
        ("rectangle, filled", "rectangle", {"x": 100, "y": 100, "width": 200, "height": 150, "fill": True},
         drawn("rectangle", (100, 100, 299, 249), fill=red)),
        ("rectangle, round corners", "rectangle", {"x": 100, "y": 100, "width": 200, "height": 150, "corner": 30, "fill": True},
         drawn("rounded_rectangle", (100, 100, 299, 249), radius=30, fill=red)),
        ("circle, 4 px", "circle", {"x": 256, "y": 256, "radius": 100, "thickness": 4},
         drawn("circle", (256, 256), 102, outline=red, width=4)),
        ("circle, filled", "circle", {"x": 256, "y": 256, "radius": 100, "fill": True}, drawn("circle", (256, 256), 100, fill=red)),
        ("ellipse, filled", "ellipse", {"x": 256, "y": 256, "width": 120, "height": 60, "fill": True},
         drawn("ellipse", (136, 196, 376, 316), fill=red)),
        ("polygon, filled", "polygon", {"points": tuple(corners), "fill": True}, drawn("polygon", corners, fill=red)),
        ("text", "text", {"text": "Sightline", "x": 100, "y": 100, "size": 32},
         drawn("text", (100, 100), "Sightline", fill=red, font_size=32)),
    ]  # fmt: skip
    return [
        Case(g, case, own(name, **given, color="red"), {PIL: call}, bound=6, note="ours are smooth at their edges")
        for case, name, given, call in wanted
    ]
