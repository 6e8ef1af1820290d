"""What each operation of the gallery is shown on.

`SOURCES` makes the pictures, `scene_of` chooses among them: a scene for the group, another where an operation needs one.
Operations that are in neither table are shown on a photo, with the parameters of their example.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import cv2
import numpy as np
import skimage.data

import sightline as sl
from sightline.image import Image
from sightline.ops import Op

__all__ = ["Scene", "scene_of", "source"]

WIDTH, HEIGHT = 256, 192
RED = "#d62828"
LENS = -0.4


@dataclass(frozen=True)
class Scene:
    """A picture by its name in `SOURCES`, what goes with it, and parameters that this picture asks for.

    `given` stands in place of the registry's example: for sizes and places, and tones that only this picture has.
    `others` names the picture for each parameter that takes one. Small pictures are shown `enlarged` times.
    """

    picture: str = "coffee"
    given: Mapping[str, Any] | None = None
    others: Mapping[str, str] = field(default_factory=dict)
    enlarged: int = 1


@cache
def source(name: str) -> Image:
    """The picture of this name; it is shared, so nobody may change it."""
    image = SOURCES[name]()
    image.flags.writeable = False
    return image


def photo(name: str, x: float = 0.5, y: float = 0.5, scale: float = 1.0) -> Image:
    """A sample of scikit-image's, cut to 4:3 and brought to the gallery's size: `(192, 256[, 3])` uint8."""
    image = getattr(skimage.data, name)()
    image = image * np.uint8(255) if image.dtype == bool else image
    return sl.resized_crop(image, x=x, y=y, scale=scale, ratio=WIDTH / HEIGHT, width=WIDTH, height=HEIGHT)


def light() -> Image:
    """Light from the upper left that fades: gray, `(192, 256)`."""
    x, y = np.meshgrid(np.linspace(0, 1, WIDTH), np.linspace(0, 1, HEIGHT))
    return np.rint(255 * (0.3 + 0.7 * np.exp(-2.2 * ((x - 0.25) ** 2 + (y - 0.2) ** 2)))).astype(np.uint8)


def glow() -> Image:
    """Dim warm light from the upper left on black, RGB."""
    return np.rint((source("light")[..., None] / 255 - 0.3) * (170, 130, 70)).clip(0, 255).astype(np.uint8)


def written() -> Image:
    """A scribble: a mask, white on black."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    x = np.linspace(22, 232, 240)
    y = 96 + 34 * np.sin(x / 13) * np.cos(x / 90)
    cv2.polylines(mask, [np.stack([x, y], 1).round().astype(np.int32)], False, 255, 5)
    return mask


def scribbled() -> Image:
    """The cat with a red scribble over it."""
    image = source("chelsea").copy()
    image[source("scribble") > 0] = (214, 40, 40)
    return image


def stamped() -> Image:
    """The cup with a sticker on the table."""
    image = source("coffee").copy()
    cv2.rectangle(image, (196, 156), (242, 178), (240, 240, 240), -1)
    cv2.putText(image, "2026", (200, 172), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (40, 40, 40), 1, cv2.LINE_AA)
    return image


def disk(x: float, y: float, radius: float) -> Image:
    """A mask with a disk: white on black."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return np.where((columns - x) ** 2 + (rows - y) ** 2 <= radius**2, 255, 0).astype(np.uint8)


def waves(axis: int) -> Image:
    """Waves across or down, for displacement: gray."""
    place = np.arange(WIDTH)[None, :] if axis else np.arange(HEIGHT)[:, None]
    return np.broadcast_to(np.rint(128 + 127 * np.sin(place / 14)), (HEIGHT, WIDTH)).astype(np.uint8)


def bent() -> Image:
    """A board as a wide lens shows it, whose coefficient k1 is `LENS`: straight lines bulge outwards."""
    board = sl.checkerboard(width=WIDTH, height=HEIGHT, size=24, first="#1b1f24", second="#f6f7f9")
    rows, columns = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    bent_x, bent_y = (columns - WIDTH / 2) / WIDTH, (rows - HEIGHT / 2) / WIDTH
    x, y = bent_x, bent_y
    for _ in range(30):  # to where x (1 + k1 r²) is what the lens shows
        factor = 1 + LENS * (x * x + y * y)
        x, y = bent_x / factor, bent_y / factor
    return cv2.remap(board, x * WIDTH + WIDTH / 2, y * WIDTH + HEIGHT / 2, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE)


def leaning() -> Image:
    """A page that lies on a table, seen from the side."""
    corners = ((0, 0), (WIDTH - 1, 0), (WIDTH - 1, HEIGHT - 1), (0, HEIGHT - 1))
    return sl.perspective(source("page"), source=corners, target=LEANING, color="#4a5a6a")


LEANING = ((60, 24), (228, 44), (244, 160), (14, 172))


def shape() -> Image:
    """The horse, white on black."""
    return sl.threshold(photo("horse"), kind="inverse")


def speckled(seed: int, speck: int, share: float) -> Image:
    """The horse with specks of 2 x 2 px: white ones on the ground, or black ones in the subject."""
    image = source("horse").copy()
    rng = np.random.default_rng(seed)
    drawn = cv2.resize(
        (rng.random((HEIGHT // 2, WIDTH // 2)) < share).astype(np.uint8), (WIDTH, HEIGHT), None, 0, 0, cv2.INTER_NEAREST
    )
    image[drawn > 0] = speck
    return image


def tiny() -> Image:
    """The outline of a house, a cross and a ring in few pixels: `(24, 32)`, white on black."""
    image = np.zeros((24, 32), np.uint8)
    cv2.rectangle(image, (2, 11), (12, 21), 255, 1)
    cv2.polylines(image, [np.array([[2, 11], [7, 4], [12, 11]])], False, 255, 1)
    cv2.line(image, (7, 11), (7, 21), 255, 1)
    cv2.line(image, (2, 16), (12, 16), 255, 1)
    cv2.line(image, (23, 2), (23, 10), 255, 1)
    cv2.line(image, (19, 6), (27, 6), 255, 1)
    cv2.circle(image, (23, 17), 4, 255, 1)
    return image


def seen(channel: int) -> Callable[[], Image]:
    """One channel of the cup."""
    return lambda: np.ascontiguousarray(source("coffee")[..., channel])


def touching() -> Image:
    """Disks that touch, a little brighter in the middle: gray."""
    image = np.full((HEIGHT, WIDTH), 40, np.uint8)
    for x, y, radius in ((58, 62, 34), (112, 88, 30), (66, 128, 36), (168, 66, 32), (206, 108, 26), (160, 140, 34)):
        for step in range(3):
            cv2.circle(image, (x, y), radius - 6 * step, 170 + 20 * step, -1, cv2.LINE_AA)
    return sl.gaussian_blur(image, sigma=1.5)


def eye() -> Image:
    """The right eye of the cat, as it looks at us."""
    return np.ascontiguousarray(source("chelsea")[62:118, 60:124])


def oval() -> Image:
    """A mask for `eye`: white on black."""
    mask = np.zeros(source("eye").shape[:2], np.uint8)
    cv2.ellipse(mask, (32, 28), (29, 24), 0, 0, 360, 255, -1)
    return mask


def phantom() -> Image:
    """A slice of a head as tomographs are tested with: float32 gray."""
    return np.asarray(skimage.data.shepp_logan_phantom(), np.float32)


def faint() -> Image:
    """A few tones of the photographer's scene: low contrast."""
    tones: Image = np.rint(90 + 0.3 * np.arange(256)).astype(np.uint8)
    return np.asarray(tones[source("camera")])


def cast() -> Image:
    """The astronaut under blue light."""
    light = np.array([0.45, 0.75, 1.0])
    shone: Image = np.rint(source("astronaut") * light).astype(np.uint8)
    return shone


def bordered() -> Image:
    """The cat within a wide border of one colour."""
    return sl.pad(sl.resize(source("chelsea"), width=168, height=126), left=48, top=24, right=40, bottom=42, color="#e2e5e9")


SOURCES: dict[str, Callable[[], Image]] = {
    "astronaut": lambda: photo("astronaut", y=0.0, x=0.0, scale=0.6),
    "blurred": lambda: sl.gaussian_blur(source("camera"), sigma=1.5),
    "brick": lambda: photo("brick", scale=0.4),
    "camera": lambda: photo("camera", x=0.6, y=0.1, scale=0.45),
    "chelsea": lambda: photo("chelsea"),
    "cast": cast,
    "coffee": lambda: photo("coffee"),
    "coffee16": lambda: sl.to_depth16(source("coffee")),
    "coins": lambda: photo("coins", x=0.1, y=1.0, scale=0.5),
    "coins-parted": lambda: sl.otsu(source("coins")),
    "colorwheel": lambda: sl.letterbox(skimage.data.colorwheel(), width=WIDTH, height=HEIGHT, fill="black"),
    "disk": lambda: disk(128, 96, 84),
    "cutout": lambda: sl.grabcut(source("coffee")),
    "cutout-small": lambda: sl.resize(source("cutout"), width=128, height=96),
    "eye": eye,
    "faint": faint,
    "frame": bordered,
    "glow": glow,
    "horse": shape,
    "lens": bent,
    "light": light,
    "oval": oval,
    "noisy": lambda: sl.add_noise(source("chelsea"), amount=0.1),
    "page": lambda: photo("page", x=0.0, y=0.0),
    "page-lit": lambda: sl.multiply(source("text-page"), other=source("light")),
    "page-seen": leaning,
    "pepper": lambda: speckled(1, 0, 0.08),
    "phantom": lambda: sl.letterbox(sl.to_depth8(phantom()), width=WIDTH, height=HEIGHT, fill="black"),
    "red": seen(0),
    "green": seen(1),
    "blue": seen(2),
    "salt": lambda: speckled(2, 255, 0.06),
    "sample": lambda: sl.sample(width=WIDTH, height=HEIGHT),
    "scribble": written,
    "scribbled": scribbled,
    "specks": lambda: sl.add_noise(source("chelsea"), kind="salt_pepper", amount=0.08),
    "spot": lambda: sl.gradient(width=WIDTH, height=HEIGHT, shape="radial", start="#ffffff", end="#101418"),
    "square": lambda: sl.resize(skimage.data.astronaut(), width=256, height=256),
    "stamped": stamped,
    "text-page": lambda: sl.flatten_illumination(source("page"), sigma=30, level="white"),
    "tissue": lambda: photo("immunohistochemistry", scale=0.5),
    "tiny": tiny,
    "touching": touching,
    "waves-across": lambda: waves(1),
    "waves-down": lambda: waves(0),
}
"""How each picture is made."""

GROUPS: dict[str, Scene] = {
    "arithmetic": Scene("coffee"),
    "draw": Scene("square"),
    "edges": Scene("camera"),
    "filters": Scene("chelsea"),
    "geometry": Scene("sample"),
    "histogram": Scene("faint"),
    "morphology": Scene("horse"),
    "threshold": Scene("coins"),
    "repair": Scene("noisy"),
}
"""What the operations of a group are shown on; the cup for those of others."""

EXCEPTIONS: dict[str, Scene] = {
    # arithmetic
    "absdiff": Scene("scribbled", others={"other": "chelsea"}),
    "add": Scene("coffee", others={"other": "glow"}),
    "apply_mask": Scene("chelsea", {"color": "white"}, {"mask": "disk"}),
    "blend": Scene("coffee", {"alpha": 0.5}, {"other": "chelsea"}),
    "divide": Scene("page-lit", others={"other": "light"}),
    "maximum": Scene("coffee", others={"other": "chelsea"}),
    "minimum": Scene("coffee", others={"other": "chelsea"}),
    "multiply": Scene("chelsea", others={"other": "spot"}),
    "subtract": Scene("coffee", others={"other": "glow"}),
    # color
    "channel": Scene("colorwheel"),
    "colormap": Scene("phantom"),
    "convert": Scene("colorwheel"),
    "hue_saturation": Scene("colorwheel"),
    "levels": Scene("faint", {"black": 0.38, "white": 0.63}),
    "match_polarity": Scene("horse"),
    "merge": Scene("red", others={"green": "green", "blue": "blue"}),
    "normalize": Scene("faint"),
    "split": Scene("coffee"),
    "swap_channels": Scene("colorwheel"),
    "to_depth8": Scene("coffee16"),
    "to_float": Scene("coffee16"),
    "to_gray": Scene("colorwheel"),
    "to_rgb": Scene("cutout"),
    "white_balance": Scene("cast", {"method": "white_patch"}),
    # draw
    "overlay": Scene("square", others={"picture": "cutout-small"}),
    # edges
    "contours": Scene("coins"),
    "corners": Scene("sample"),
    "hough_circles": Scene("coins"),
    "hough_lines": Scene("brick"),
    # filters
    "bilateral": Scene("noisy", {"sigma_color": 0.3, "sigma_space": 3.0}),
    "coarse_dropout": Scene("coffee"),
    "jpeg_compression": Scene("coffee"),
    "median_blur": Scene("specks", {"radius": 2}),
    "nl_means": Scene("noisy", {"strength": 0.1, "window_radius": 7}),
    # geometry
    "center_crop": Scene("coffee", {"width": 128, "height": 96}),
    "crop": Scene("coffee", {"x": 78, "y": 8, "width": 128, "height": 96}),
    "fit_subject": Scene("horse", {"box": 144, "width": 192, "height": 192}),
    "letterbox": Scene("coffee"),
    "perspective": Scene(
        "page-seen", {"source": LEANING, "target": ((0, 0), (WIDTH - 1, 0), (WIDTH - 1, HEIGHT - 1), (0, HEIGHT - 1))}
    ),
    "remap": Scene("sample", others={"dx": "waves-down", "dy": "waves-across"}),
    "resize": Scene("coffee"),
    "trim": Scene("frame"),
    "undistort": Scene("lens", {"k1": LENS}),
    "warp_polar": Scene("colorwheel", {"radius": 96.0}),
    # histogram
    "clahe": Scene("page"),
    "histogram": Scene("coffee"),
    "match_histogram": Scene("chelsea", others={"reference": "coffee"}),
    # morphology
    "black_tophat": Scene("page"),
    "closing": Scene("pepper"),
    "fill_holes": Scene("coins-parted"),
    "hit_or_miss": Scene("tiny", enlarged=8),
    "opening": Scene("salt", {"radius": 1}),
    "remove_small": Scene("salt"),
    "white_tophat": Scene("brick"),
    # repair
    "denoise_tv": Scene("noisy", {"weight": 0.1}),
    "deblur": Scene("blurred"),
    "flatten_illumination": Scene("page"),
    "inpaint": Scene("scribbled", others={"mask": "scribble"}),
    "inpaint_box": Scene("stamped", {"x": 194, "y": 154, "width": 52, "height": 28}),
    "inpaint_color": Scene("scribbled", {"color": RED, "tolerance": 0.15, "grow": 1}),
    "seamless_clone": Scene("chelsea", {"x": 108, "y": 6}, {"patch": "eye", "mask": "oval"}),
    # threshold
    "adaptive_threshold": Scene("page"),
    "connected_components": Scene("coins-parted"),
    "flood_fill": Scene("sample"),
    "grabcut": Scene("coffee"),
    "in_range": Scene("sample"),
    "isolate_subject": Scene("coffee"),
    "isolate_ink": Scene("page"),
    "kmeans": Scene("tissue"),
    "watershed": Scene("touching"),
    "mask_from_color": Scene("scribbled", {"color": RED, "tolerance": 0.15}),
}
"""Operations that another picture shows better than their group's."""

OTHERS = {"mask": "disk", "picture": "cutout-small"}
OTHER = "astronaut"


def scene_of(operation: Op) -> Scene:
    """What the operation is shown on; pictures that it needs and no table names are chosen here."""
    scene = EXCEPTIONS.get(operation.name) or GROUPS.get(operation.group) or Scene()
    given = operation.example if scene.given is None else scene.given
    others = {
        parameter.name: scene.others.get(parameter.name) or OTHERS.get(parameter.name, OTHER)
        for parameter in operation.parameters.describe()
        if parameter.type.startswith("picture")
        and parameter.name not in given
        and (parameter.required or (parameter.name in scene.others and operation.name in EXCEPTIONS))
    }
    return Scene(scene.picture, given, others, scene.enlarged)
