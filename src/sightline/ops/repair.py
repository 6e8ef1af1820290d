"""Inpainting, seamless patches, noise, blur and uneven light."""

from __future__ import annotations

from typing import Annotated, Literal

import cv2
import numpy as np
from annotated_types import Interval, Unit
from typing_extensions import Doc

from sightline.errors import ParameterError
from sightline.image import Image, white
from sightline.ops._op import op
from sightline.ops._pixels import color_of, like, near, same_size, to_unit
from sightline.ops._types import Color, Mask, Picture, Pixels, Side, marked
from sightline.ops.color import to_depth8, to_rgb
from sightline.ops.filters import Direction, Way, line_kernel

__all__ = ["deblur", "denoise_tv", "flatten_illumination", "inpaint", "inpaint_box", "inpaint_color", "seamless_clone"]

Method = Annotated[
    Literal["telea", "navier_stokes"],
    Doc("How: from the border inward by weighted means (Telea 2004), or lines of equal lightness carried on (Bertalmio 2001)"),
]
Radius = Annotated[float, Interval(ge=1, le=50), Unit("px"), Doc("How far around a pixel known ones count")]
CODES = {"telea": cv2.INPAINT_TELEA, "navier_stokes": cv2.INPAINT_NS}
CLONE = {"normal": cv2.NORMAL_CLONE, "mixed": cv2.MIXED_CLONE, "monochrome": cv2.MONOCHROME_TRANSFER}


@op(group="repair", keeps_alpha=True)
def inpaint(
    image: Image,
    *,
    mask: Annotated[Mask, Doc("Where to repair: what is lighter than middle gray; of the picture's size")],
    method: Method = "telea",
    radius: Radius = 3.0,
) -> Image:
    """Fill the marked places from what surrounds them; all other pixels stay exactly as they are.

    8 and 16 bit are filled in their own depth, float pictures in steps of 1/65535.

    >>> import numpy as np
    >>> image, mask = np.full((5, 5), 90, np.uint8), np.zeros((5, 5), np.uint8)
    >>> image[2, 2] = mask[2, 2] = 255
    >>> int(inpaint(image, mask=mask, method="navier_stokes")[2, 2])
    90
    """
    assert isinstance(mask, np.ndarray)
    same_size(image, mask, "the mask of inpaint")
    return _inpaint(image, mask, method, radius, "inpaint")


@op(group="repair", keeps_alpha=True, example={"x": 10, "y": 8, "width": 40, "height": 30})
def inpaint_box(
    image: Image,
    *,
    x: Annotated[Pixels, Doc("Left edge of the box")],
    y: Annotated[Pixels, Doc("Top edge of the box")],
    width: Annotated[Side, Doc("Width of the box")],
    height: Annotated[Side, Doc("Height of the box")],
    method: Method = "telea",
    radius: Radius = 3.0,
) -> Image:
    """Fill a box from what surrounds it, as `inpaint` does: a date, a logo, a speck.

    What of the box lies outside the picture is left out.

    >>> import numpy as np
    >>> image = np.full((9, 9), 90, np.uint8)
    >>> image[3:5, 3:6] = 255
    >>> set(inpaint_box(image, x=3, y=3, width=3, height=2, method="navier_stokes").ravel().tolist())
    {90}
    """
    mask: Image = np.zeros(image.shape[:2], np.uint8)
    mask[max(y, 0) : max(y + height, 0), max(x, 0) : max(x + width, 0)] = 255
    if not mask.any():
        rows, columns = mask.shape
        raise ParameterError(
            "the box of inpaint_box lies outside the picture",
            expected=f"a part of it within {columns} x {rows} px",
            received=f"{width} x {height} px at ({x}, {y})",
        )
    return _inpaint(image, mask, method, radius, "inpaint_box")


@op(group="repair", keeps_alpha=True, example={"color": "#c83232", "tolerance": 0.15, "grow": 1})
def inpaint_color(
    image: Image,
    *,
    color: Annotated[Color, Doc("The colour of what is to vanish")],
    tolerance: Annotated[
        float, Interval(ge=0, le=1), Doc("How far red, green and blue may each be from it, as a part of the whole range")
    ] = 0.1,
    grow: Annotated[int, Interval(ge=0, le=50), Unit("px"), Doc("How much further than the colour itself, for its soft edges")] = 2,
    method: Method = "telea",
    radius: Radius = 3.0,
) -> Image:
    """Fill all that has one colour from what surrounds it, as `inpaint` does: a scribble, a stamp.

    In gray pictures the colour's lightness counts.

    >>> import numpy as np
    >>> image = np.full((9, 9, 3), 90, np.uint8)
    >>> image[4, 2:7] = (255, 0, 0)
    >>> inpaint_color(image, color="red", grow=0, method="navier_stokes")[4, 4].tolist()
    [90, 90, 90]
    """
    mask = near(image, color_of(color, image), tolerance)
    if grow:
        mask = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * grow + 1, 2 * grow + 1)))
    return _inpaint(image, mask, method, radius, "inpaint_color")


@op(group="repair", keeps_alpha=True, example={"weight": 0.1})
def denoise_tv(
    image: Image,
    *,
    weight: Annotated[float, Interval(ge=0.001, le=1), Doc("More takes away more noise, and more detail")] = 0.1,
    iterations: Annotated[int, Interval(ge=1, le=500), Doc("More come closer to the exact minimum")] = 30,
) -> Image:
    """Take noise away and keep edges: the picture of least total variation that is close to this one.

    The model of Rudin, Osher and Fatemi (1992), half the squared distance + `weight` x variation for values in [0, 1], solved
    by Beck and Teboulle's fast gradient projection (2009). The channels of a colour picture are coupled (Bresson and Chan
    2008), so that their edges stay together.

    >>> import numpy as np
    >>> step = np.repeat(np.array([[20, 200]], np.uint8), 8, axis=1).repeat(8, axis=0)
    >>> denoise_tv(step, iterations=100)[0, ::5].tolist()
    [23, 23, 197, 197]
    """
    unit = to_unit(image)
    planes = np.ascontiguousarray(unit[None] if unit.ndim == 2 else unit.transpose(2, 0, 1))
    smooth = _least_variation(planes, weight, iterations)
    return like(smooth[0] if unit.ndim == 2 else cv2.merge(list(smooth)), image)


@op(group="repair", dtypes=("uint8",), channels=(3,))
def seamless_clone(
    image: Image,
    *,
    patch: Annotated[Picture, Doc("What is laid on the picture; of RGBA what is more than half opaque")],
    x: Annotated[Pixels, Doc("Where the patch's left edge goes")] = 0,
    y: Annotated[Pixels, Doc("Where the patch's top edge goes")] = 0,
    mode: Annotated[
        Literal["normal", "mixed", "monochrome"],
        Doc("The structure of the patch, the stronger one of patch and picture, or that of the patch without its colour"),
    ] = "normal",
    mask: Annotated[
        Mask | None, Doc("Which part of the patch: what is lighter than middle gray; of the patch's size; none: all that it shows")
    ] = None,
) -> Image:
    """Lay a patch on the picture so that its border does not show: the patch takes on the light and colour around it.

    Poisson image editing (Perez, Gangnet and Blake 2003). The outermost pixels of the patch keep the picture's own values: they
    are the border from which the inside is solved. What of the patch lies outside the picture is left out; the patch is brought
    to 8-bit RGB.

    >>> import numpy as np
    >>> image, patch = np.full((20, 20, 3), 50, np.uint8), np.full((8, 8, 3), 200, np.uint8)
    >>> seamless_clone(image, patch=patch, x=5, y=5)[9, 9].tolist()  # an even patch has no structure; OpenCV rounds down
    [49, 49, 49]
    """
    assert isinstance(patch, np.ndarray)
    if mask is None:
        mask = marked(patch[..., 3]) if patch.ndim == 3 and patch.shape[2] == 4 else np.full(patch.shape[:2], 255, np.uint8)
    assert isinstance(mask, np.ndarray)
    same_size(patch, mask, "the mask of seamless_clone")
    rows, columns = image.shape[:2]
    inside = np.s_[max(-y, 0) : max(rows - y, 0), max(-x, 0) : max(columns - x, 0)]
    shown = mask[inside]
    if not shown.size:
        raise ParameterError(
            "the patch of seamless_clone lies outside the picture",
            expected=f"a part of it within {columns} x {rows} px",
            received=f"{patch.shape[1]} x {patch.shape[0]} px at ({x}, {y})",
        )
    left, top, width, height = cv2.boundingRect(shown)
    if min(width, height) < 3:  # only a border, nothing within it
        return image.copy()
    box = np.s_[top : top + height, left : left + width]
    # OpenCV blanks the outermost line of a mask, and loses its place where the mask touches it: a rim keeps both
    source = cv2.copyMakeBorder(_rgb8(np.ascontiguousarray(patch[inside][box])), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    region = cv2.copyMakeBorder(shown[box], 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    center = (max(x, 0) + left + width // 2, max(y, 0) + top + height // 2)
    return cv2.seamlessClone(source, image, region, center, CLONE[mode])


@op(group="repair", keeps_alpha=True, example={"sigma": 20.0})
def flatten_illumination(
    image: Image,
    *,
    sigma: Annotated[
        float, Interval(ge=2, le=1000), Unit("px"), Doc("Standard deviation of the blur that shows the light; more than any detail")
    ] = 40.0,
    level: Annotated[
        Literal["keep", "white"], Doc("What the ground becomes: the mean lightness that it had, or white, as paper should be")
    ] = "keep",
) -> Image:
    """Even out the light: a page under a lamp, a photo darker on one side.

    Every pixel is divided by the lightness around it, a Gaussian mean; of colour pictures all channels by the same, so that hues
    stay.

    >>> import numpy as np
    >>> page = np.tile(np.arange(100, 200).astype(np.uint8), (100, 1))
    >>> int(np.ptp(page[:, 20:80])), int(np.ptp(flatten_illumination(page, sigma=5.0)[:, 20:80])) < 3
    (59, True)
    """
    full = float(white(image))
    light = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    ground = np.maximum(_wide_blur(light, sigma), np.float32(full / 255))  # black stays black: nothing is divided by 0
    scale = full if level == "white" else cv2.mean(ground)[0]
    share = cv2.divide(scale, ground)
    if image.ndim == 3:
        share = cv2.cvtColor(share, cv2.COLOR_GRAY2RGB)
    if image.dtype == np.uint8:
        return cv2.multiply(image, share, dtype=cv2.CV_8U)
    return like(to_unit(image) * share, image)


@op(group="repair", keeps_alpha=True, example={"sigma": 1.5})
def deblur(
    image: Image,
    *,
    kernel: Annotated[Literal["gaussian", "motion"], Doc("What blurred it: the lens, or a straight movement")] = "gaussian",
    sigma: Annotated[float, Interval(ge=0.3, le=20), Unit("px"), Doc("Standard deviation of the Gaussian")] = 1.5,
    length: Way = 9,
    angle: Direction = 0.0,
    iterations: Annotated[int, Interval(ge=1, le=200), Doc("More make it sharper, and noise stronger")] = 15,
) -> Image:
    """Sharpen a picture whose blur is known.

    Richardson 1972 and Lucy 1974; `sigma` is used for the Gaussian, `length` and `angle` for the movement, as `motion_blur`
    makes it. At the edges the outermost pixels are repeated.

    >>> import numpy as np
    >>> dot = np.zeros((15, 15), np.uint8)
    >>> dot[7, 7] = 255
    >>> blurred = cv2.GaussianBlur(dot, (0, 0), 1.5)
    >>> int(blurred.max()), int(deblur(blurred).max()) > 60
    (18, True)
    """
    observed = to_unit(image)

    def blur(values: Image) -> Image:  # both kernels are symmetric, so that this is also the transposed blur
        if kernel == "gaussian":
            return cv2.GaussianBlur(values, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
        return cv2.filter2D(values, -1, line_kernel(length, angle), borderType=cv2.BORDER_REPLICATE)

    estimate = observed.copy()
    for _ in range(iterations):
        ratio = cv2.divide(observed, np.maximum(blur(estimate), np.float32(1e-6)))
        cv2.multiply(estimate, blur(ratio), dst=estimate)
    return like(estimate, image)


def _inpaint(image: Image, mask: Image, method: str, radius: float, name: str) -> Image:
    if cv2.countNonZero(mask) == mask.size:
        raise ParameterError(
            f"{name} has nothing to fill the picture from", expected="a part that stays", received="the whole picture marked"
        )
    rows, columns = mask.shape
    if min(rows, columns) == 1:  # of a single line OpenCV would read the memory beside it
        wide = [cv2.copyMakeBorder(each, 1, 1, 1, 1, cv2.BORDER_REPLICATE) for each in (image, mask)]
        return np.ascontiguousarray(_inpaint(wide[0], wide[1], method, radius, name)[1:-1, 1:-1])
    if image.dtype == np.uint8:
        return cv2.inpaint(image, mask, radius, CODES[method])
    # OpenCV rounds floats as if they were whole numbers, and takes colours of 8 bit only; channels do not influence each other
    whole = image if image.dtype == np.uint16 else np.rint(image * np.float32(65535)).astype(np.uint16)
    filled = [cv2.inpaint(plane, mask, radius, CODES[method]) for plane in cv2.split(whole)]
    result = filled[0] if len(filled) == 1 else cv2.merge(filled)
    if image.dtype == np.uint16:
        return result
    return np.where(mask[..., None] if image.ndim == 3 else mask, like(result / np.float32(65535), image), image)


def _least_variation(planes: Image, weight: float, iterations: int) -> Image:
    """The minimum of |u - planes|² / 2 + weight * variation(u) over pictures u: float32 `(C, H, W)`, as `planes`.

    Of the dual problem: one vector of length up to 1 at each pixel and channel, the forces between neighbours.
    """
    forces = np.zeros((2, *planes.shape), np.float32)  # to the right, down
    ahead, previous = forces.copy(), forces.copy()
    momentum, step = 1.0, 1 / (8 * weight)
    for _ in range(iterations):
        smooth = _apply(planes, ahead, weight)
        forces, previous = previous, forces
        np.subtract(smooth[:, :, 1:], smooth[:, :, :-1], out=forces[0, :, :, :-1])
        np.subtract(smooth[:, 1:], smooth[:, :-1], out=forces[1, :, :-1])
        cv2.scaleAdd(_flat(forces), step, _flat(ahead), dst=_flat(forces))
        lengths = np.einsum("dchw,dchw->hw", forces, forces)
        np.sqrt(lengths, out=lengths)
        np.maximum(lengths, 1, out=lengths)
        forces /= lengths
        following = (1 + (1 + 4 * momentum**2) ** 0.5) / 2
        share = (momentum - 1) / following
        cv2.addWeighted(_flat(forces), 1 + share, _flat(previous), -share, 0, dst=_flat(ahead))
        momentum = following
    return _apply(planes, forces, weight)


def _flat(forces: Image) -> Image:
    """The same memory as rows that OpenCV takes."""
    return forces.reshape(-1, forces.shape[-1])


def _apply(planes: Image, forces: Image, weight: float) -> Image:
    """The picture that the forces make of `planes`: planes + weight * divergence(forces)."""
    right, down = forces
    result = np.zeros_like(planes)
    result[:, :, :-1] += right[:, :, :-1]
    result[:, :, 1:] -= right[:, :, :-1]
    result[:, :-1] += down[:, :-1]
    result[:, 1:] -= down[:, :-1]
    result *= np.float32(weight)
    result += planes
    return result


def _rgb8(image: Image) -> Image:
    image = image[..., :3] if image.ndim == 3 else to_rgb(image)
    return np.ascontiguousarray(image if image.dtype == np.uint8 else to_depth8(image))


def _wide_blur(gray: Image, sigma: float) -> Image:
    """A Gaussian mean as float32, computed on a smaller picture where the Gaussian is so wide that nothing is lost."""
    rows, columns = gray.shape
    factor = max(1.0, sigma / 4)
    size = (max(1, round(columns / factor)), max(1, round(rows / factor)))
    small = cv2.resize(gray, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    deviations = max(sigma * size[0] / columns, 0.1), max(sigma * size[1] / rows, 0.1)
    blurred = cv2.GaussianBlur(small, (0, 0), deviations[0], sigmaY=deviations[1], borderType=cv2.BORDER_REFLECT)
    return cv2.resize(blurred, (columns, rows), interpolation=cv2.INTER_CUBIC)
