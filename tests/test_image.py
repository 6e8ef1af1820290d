from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageCms, ImageOps

from sightline.errors import ImageError, ParameterError
from sightline.image import Image, Metadata, check_image, check_values, info, probe, read, read_metadata, write

RNG = np.random.default_rng(0)
PHOTO = cv2.GaussianBlur(RNG.integers(0, 256, (60, 80, 3), dtype=np.uint8), (0, 0), 3)


def encoded(suffix: str, image: Image = PHOTO) -> bytes:
    return cv2.imencode(suffix, image)[1].tobytes()


def png_header(width: int, height: int) -> bytes:
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body)) + b"\0\0\0\0IEND\xaeB`\x82"


@pytest.mark.parametrize("name", [f"{kind}_{number}.jpg" for kind in ("Landscape", "Portrait") for number in range(9)])
def test_every_exif_orientation_is_read_upright_in_every_mode(shared: Path, name: str) -> None:
    """The oracle is Pillow's own turning by EXIF; JPEG decoders may differ by a little."""
    path = shared / "exif" / name
    with Pillow.open(path) as opened:
        upright = np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))
    for mode in ("color", "unchanged"):
        image = read(path, mode)
        assert image.shape == upright.shape
        assert np.abs(image.astype(int) - upright).mean() < 2
    assert read(path, "gray").shape == upright.shape[:2]


def test_colours_are_in_rgb_order_and_alpha_and_depth_survive_unchanged(tmp_path: Path) -> None:
    red = np.zeros((2, 3, 4), np.uint8)
    red[..., 0], red[..., 3] = 200, 100
    Pillow.fromarray(red).save(tmp_path / "red.png")
    assert read(tmp_path / "red.png", "unchanged")[0, 0].tolist() == [200, 0, 0, 100]
    assert read(tmp_path / "red.png", "color")[0, 0].tolist() == [200, 0, 0]
    deep = np.array([[0, 1000, 65535]], np.uint16)
    write(tmp_path / "deep.png", deep)
    assert read(tmp_path / "deep.png", "unchanged").dtype == np.uint16
    assert np.array_equal(read(tmp_path / "deep.png", "unchanged"), deep)


@pytest.mark.parametrize("suffix", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_format_that_can_say_so_is_turned_upright(suffix: str, orientation: int) -> None:
    """Row 7 of the hazards; the oracle is Pillow's own turning of the same file."""
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    Pillow.fromarray(PHOTO).save(file, suffix, exif=exif)
    with Pillow.open(file) as opened:
        upright = np.asarray(ImageOps.exif_transpose(opened).convert("RGB")).astype(int)
    for mode in ("color", "unchanged"):
        image = read(file.getvalue(), mode)
        assert image.shape == upright.shape
        assert np.abs(image - upright).mean() < 2
    assert (info(file.getvalue()).width, info(file.getvalue()).height) == (upright.shape[1], upright.shape[0])


@pytest.mark.parametrize("suffix", ["JPEG", "TIFF"])
def test_cmyk_becomes_rgb(suffix: str) -> None:
    """Row 9 of the hazards."""
    file = io.BytesIO()
    Pillow.new("CMYK", (8, 8), (0, 255, 255, 0)).save(file, suffix)
    for mode in ("color", "unchanged"):
        image = read(file.getvalue(), mode)
        assert image.shape == (8, 8, 3)
        assert np.abs(image.astype(int) - (255, 0, 0)).max() <= 3


def test_palettes_with_transparency_and_gray_with_alpha_become_rgba() -> None:
    """Row 9 of the hazards."""
    palette = Pillow.fromarray(RNG.integers(0, 200, (4, 6), dtype=np.uint8)).convert("P")
    file = io.BytesIO()
    palette.save(file, "PNG", transparency=bytes([0, 128] + [255] * 254))
    with Pillow.open(file) as opened:
        assert np.array_equal(read(file.getvalue(), "unchanged"), np.asarray(opened.convert("RGBA")))
    gray = Pillow.fromarray(RNG.integers(0, 256, (4, 6, 2), dtype=np.uint8), "LA")
    file = io.BytesIO()
    gray.save(file, "PNG")
    assert np.array_equal(read(file.getvalue(), "unchanged"), np.asarray(gray.convert("RGBA")))


def test_open_files_are_read_like_paths(tmp_path: Path) -> None:
    write(tmp_path / "a.png", PHOTO)
    with open(tmp_path / "a.png", "rb") as file:
        assert np.array_equal(read(file), PHOTO)
    assert np.array_equal(read(io.BytesIO((tmp_path / "a.png").read_bytes())), PHOTO)
    with open(tmp_path / "a.png", encoding="latin-1") as text, pytest.raises(ImageError, match="opened in binary mode"):
        read(text)  # type: ignore[arg-type]
    for wrong in (None, 7, ["a.png"]):
        with pytest.raises(ImageError, match="expected a path, bytes or an open binary file"):
            read(wrong)  # type: ignore[arg-type]


def test_a_profile_and_exif_are_written_where_the_format_can_hold_them(tmp_path: Path) -> None:
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Pillow.Exif()
    exif[0x010F] = "Maker"
    for suffix in (".png", ".jpg", ".webp", ".avif"):
        write(tmp_path / f"a{suffix}", PHOTO, metadata=Metadata(icc, exif.tobytes().removeprefix(b"Exif\0\0")))
        with Pillow.open(tmp_path / f"a{suffix}") as opened:
            assert opened.info["icc_profile"] == icc
            assert opened.getexif()[0x010F] == "Maker"
        assert read_metadata((tmp_path / f"a{suffix}").read_bytes()).icc == icc


@pytest.mark.parametrize("size", [65_519, 65_520, 200_000, 255 * 65_519])
def test_a_profile_of_any_size_is_written_whole_in_a_jpeg(tmp_path: Path, size: int) -> None:
    plain = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    icc = size.to_bytes(4) + plain[4:] + RNG.integers(0, 256, size - len(plain), dtype=np.uint8).tobytes()
    for suffix in (".jpg", ".JPEG"):
        path = tmp_path / f"a{suffix}"
        write(path, PHOTO, metadata=Metadata(icc))
        with Pillow.open(path) as opened:
            assert opened.info["icc_profile"] == icc
            assert np.abs(np.asarray(opened).astype(int) - read(path)).mean() < 2


def test_a_jpeg_is_written_without_what_it_cannot_hold(tmp_path: Path) -> None:
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for size, kept in ((65_527, True), (65_528, False)):
        exif = b"II*\0" + struct.pack("<IHI", 8, 0, 0)
        write(tmp_path / "a.jpg", PHOTO, metadata=Metadata(icc, exif.ljust(size, b"\0")))
        with Pillow.open(tmp_path / "a.jpg") as opened:
            assert ("exif" in opened.info, opened.info["icc_profile"]) == (kept, icc)
    write(tmp_path / "a.jpg", PHOTO, metadata=Metadata(icc.ljust(255 * 65_519 + 1, b"\0")))
    assert read_metadata((tmp_path / "a.jpg").read_bytes()) == Metadata()


@pytest.mark.parametrize(
    ("dtype", "channels", "suffix", "fix"),
    [
        ("uint16", 3, ".jpg", "to_depth8"),
        ("uint16", 3, ".webp", "to_depth8"),
        ("float32", 3, ".png", "to_depth8 or to_depth16"),
        ("float32", 3, ".webp", "to_depth8"),
        ("uint8", 4, ".jpg", "to_rgb"),
        ("uint8", 3, ".pgm", "to_gray"),
    ],
)
def test_what_a_format_cannot_hold_is_refused_not_lost(tmp_path: Path, dtype: str, channels: int, suffix: str, fix: str) -> None:
    with pytest.raises(ImageError, match=f"Use {fix} first"):
        write(tmp_path / f"a{suffix}", np.zeros((4, 4, channels), dtype))
    assert list(tmp_path.iterdir()) == []


def test_float_pictures_are_exact_in_a_tiff(tmp_path: Path) -> None:
    image = RNG.random((5, 7, 3)).astype(np.float32)
    write(tmp_path / "a.tiff", image)
    assert np.array_equal(read(tmp_path / "a.tiff", "unchanged"), image)


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tiff", ".webp", ".gif", ".jpg", ".avif"])
def test_what_is_written_is_read_back(tmp_path: Path, suffix: str) -> None:
    write(tmp_path / f"a{suffix}", PHOTO)
    back = read(tmp_path / f"a{suffix}")
    assert back.shape == PHOTO.shape
    # exact, but for what the formats lose: JPEG, WebP and AVIF detail, GIF all but 256 colours
    assert np.abs(back.astype(int) - PHOTO).mean() <= {".jpg": 8, ".webp": 8, ".avif": 8, ".gif": 32}.get(suffix, 0)
    with Pillow.open(tmp_path / f"a{suffix}") as opened:
        assert np.abs(np.asarray(opened.convert("RGB")).astype(int) - back).mean() < 2


def test_bytes_and_paths_are_the_same_picture(tmp_path: Path) -> None:
    write(tmp_path / "ü ñ.png", PHOTO)
    path = tmp_path / "ü ñ.png"
    assert np.array_equal(read(path.read_bytes()), read(str(path)))
    assert probe(path).width == 80


@pytest.mark.parametrize("data", [b"", b"\x89", b"just some text, saved as a picture"], ids=["empty", "one byte", "text"])
def test_what_is_no_picture_is_refused(tmp_path: Path, data: bytes) -> None:
    """Row 1 of the hazards."""
    path = tmp_path / "a.png"
    path.write_bytes(data)
    with pytest.raises(ImageError, match="a.png"):
        read(path)


@pytest.mark.parametrize("before", [0, 255])
def test_half_a_jpeg_is_refused_whatever_was_read_before(before: int) -> None:
    """Row 2 of the hazards: a decoder must not fill the missing half from its memory."""
    read(encoded(".jpg", np.full((60, 80, 3), before, np.uint8)))
    data = encoded(".jpg")
    with pytest.raises(ImageError, match="expected a whole JPEG picture"):
        read(data[: len(data) // 2])


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tiff", ".gif", ".bmp"])
def test_half_a_picture_of_another_format_is_refused(suffix: str) -> None:
    """Row 3 of the hazards."""
    data = encoded(suffix)
    with pytest.raises(ImageError):
        read(data[: len(data) // 2])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "PPM", "WEBP", "TIFF", "AVIF", "JPEG2000"])
def test_a_picture_cut_off_in_its_header_is_one_that_is_damaged(kind: str) -> None:
    file = io.BytesIO()
    Pillow.fromarray(PHOTO).save(file, kind)
    short = {"AVIF": 20, "PPM": 2, "GIF": 8, "PNG": 20, "BMP": 20}.get(kind, 16)
    for ask in (read, info, probe):
        with pytest.raises(ImageError, match=f"expected a whole {kind} picture, received one that is cut off or damaged"):
            ask(file.getvalue()[:short])


def test_a_jpeg_whose_header_is_longer_than_what_is_there_is_damaged() -> None:
    file = io.BytesIO()
    Pillow.fromarray(PHOTO).save(file, "JPEG", icc_profile=bytes(20_000))
    with pytest.raises(ImageError, match="expected a whole JPEG picture"):
        read(file.getvalue()[:9000])


@pytest.mark.parametrize(("width", "height"), [(65536, 65536), (2**31 - 1, 1), (2**31 - 1, 2**31 - 1), (2**21, 1), (0, 5), (5, 0)])
def test_an_absurd_header_is_refused(width: int, height: int) -> None:
    """Row 4 of the hazards."""
    with pytest.raises(ImageError):
        read(png_header(width, height))


MEMORY = """
import resource, sys
from sightline.errors import ImageError
from sightline.image import read
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in sys.argv[1:]:
    try:
        read(path)
        sys.exit("it was read")
    except ImageError:
        pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_a_huge_picture_is_refused_before_its_memory_is_taken(tmp_path: Path) -> None:
    """Rows 4 and 5 of the hazards: the header alone, and a whole and valid picture of 30,000 x 30,000."""
    (tmp_path / "header.png").write_bytes(png_header(65536, 65536))
    whole = tmp_path / "whole.png"
    row = zlib.compressobj(1)
    data = b"".join(row.compress(b"\0" * 30001) for _ in range(30000)) + row.flush()
    header = png_header(30000, 30000)[:33]
    chunk = b"IDAT" + data
    tail = struct.pack(">I", len(data)) + chunk + struct.pack(">I", zlib.crc32(chunk)) + b"\0\0\0\0IEND\xaeB`\x82"
    whole.write_bytes(header + tail)
    command = [sys.executable, "-c", MEMORY, str(tmp_path / "header.png"), str(whole)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(ran.stdout) < 100_000  # KiB; its pixels are 900 MB
    with pytest.raises(ImageError, match="received 30,000 x 30,000. Raise max_pixels"):
        probe(whole)
    assert probe(whole, max_pixels=10**9).height == 30000


def png_with(chunk: bytes, body: bytes) -> bytes:
    """A small valid PNG with one more chunk before its pixels."""
    whole = encoded(".png")
    extra = struct.pack(">I", len(body)) + chunk + body + struct.pack(">I", zlib.crc32(chunk + body))
    return whole[:33] + extra + whole[33:]


BOUNDED = """
import resource, sys, time
from sightline.errors import ImageError
from sightline.image import info, read, read_metadata
started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for ask in (read, info, lambda path: read_metadata(open(path, "rb").read())):
    try:
        ask(sys.argv[1])
    except ImageError:
        pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, time.monotonic() - started)
"""


@pytest.mark.parametrize("kind", ["zTXt", "iCCP", "tEXt", "eXIf", "gif", "ico"])
def test_bombs_in_texts_profiles_and_frames_take_little(tmp_path: Path, kind: str) -> None:
    """Row 6 of the hazards: half a gigabyte of zeros packed into half a megabyte, and formats that promise much."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(512)) + packer.flush()
    made = {
        "zTXt": lambda: png_with(b"zTXt", b"Comment\0\0" + packed),
        "iCCP": lambda: png_with(b"iCCP", b"icc\0\0" + packed),
        "tEXt": lambda: png_with(b"tEXt", b"Comment\0" + b"x" * (20 << 20)),
        "eXIf": lambda: png_with(b"eXIf", b"MM\0*" + bytes(8 << 20)),
        "gif": lambda: (
            b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0xF7, 0, 0) + bytes(768) + b"," + bytes(9) + b"\x08\x01\x00\x00;"
        ),
        "ico": lambda: struct.pack("<HHH", 0, 1, 65535) + bytes(16) * 65535,
    }[kind]()
    (tmp_path / "bomb").write_bytes(made)
    command = [sys.executable, "-c", BOUNDED, str(tmp_path / "bomb")]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
    grown, _ = ran.stdout.split()
    assert int(grown) < 150_000, f"{int(grown):,} KiB"


def test_a_limit_can_be_raised_and_lowered_for_one_call() -> None:
    with pytest.raises(ImageError, match="at most 100 pixels"):
        read(encoded(".png"), max_pixels=100)
    assert read(encoded(".png"), max_pixels=80 * 60).shape == PHOTO.shape


@pytest.mark.skipif(sys.platform == "win32", reason="devices and pipes have paths the way of Unix")
def test_a_device_without_end_is_refused_and_pipes_are_read(tmp_path: Path) -> None:
    for device in ("/dev/zero", "/dev/null"):
        with pytest.raises(ImageError, match=f"'{device}': expected a picture file or a pipe, received a device"):
            read(device)
    write(tmp_path / "a.png", PHOTO)
    os.mkfifo(tmp_path / "pipe")
    with ThreadPoolExecutor(1) as pool:
        written = pool.submit((tmp_path / "pipe").write_bytes, (tmp_path / "a.png").read_bytes())
        assert np.array_equal(read(tmp_path / "pipe"), PHOTO)
        assert written.result() > 0
    program = "from sightline.image import read; print(read('/dev/stdin').shape)"
    ran = subprocess.run([sys.executable, "-c", program], input=(tmp_path / "a.png").read_bytes(), capture_output=True, check=True)
    assert ran.stdout.split() == [b"(60,", b"80,", b"3)"]


def test_a_name_that_is_too_long_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="File name too long"):
        read(tmp_path / ("a" * 300 + ".png"))


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"nowhere\.png.*no such file"):
        read(tmp_path / "nowhere.png")
    with pytest.raises(ImageError, match="received a folder"):
        read(tmp_path)
    with pytest.raises(ImageError, match="cannot read"):
        read("a\0b.png")


def test_wrong_ways_to_write_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="suffix '.xyz'"):
        write(tmp_path / "a.xyz", PHOTO)
    with pytest.raises(ParameterError, match="invalid quality"):
        write(tmp_path / "a.jpg", PHOTO, quality=0)
    with pytest.raises(ParameterError, match="quality does not apply"):
        write(tmp_path / "a.png", PHOTO, quality=50)
    with pytest.raises(ImageError, match="cannot hold the picture: expected uint8"):
        write(tmp_path / "a.png", PHOTO.astype(np.float32) / 255)
    assert list(tmp_path.iterdir()) == []


def test_swapped_arguments_and_a_quality_that_is_no_number_are_wrong_parameters(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="expected a path, and then the picture, received ndarray"):
        write(PHOTO, tmp_path / "a.png")  # type: ignore[arg-type]
    for quality in ("90", 90.5, [90]):
        with pytest.raises(ParameterError, match="invalid quality: expected 1 to 100"):
            write(tmp_path / "a.jpg", PHOTO, quality=quality)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
    write(tmp_path / "a.jpg", PHOTO, quality=np.int64(90))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("shape", "fix"),
    [((0, 5, 3), None), ((5, 0), None), ((2, 2, 1), "Use image[..., 0]."), ((2, 2, 3), "Use to_gray first."), ((2, 2, 2), None)],
)
def test_the_way_out_of_a_wrong_shape_fits_it(shape: tuple[int, ...], fix: str | None) -> None:
    with pytest.raises(ImageError) as caught:
        check_image(np.zeros(shape, np.uint8), channels=(1,))
    assert caught.value.fix == fix


def test_a_lower_quality_is_a_smaller_file(tmp_path: Path) -> None:
    write(tmp_path / "low.jpg", PHOTO, quality=20)
    write(tmp_path / "high.jpg", PHOTO, quality=95)
    assert (tmp_path / "low.jpg").stat().st_size < (tmp_path / "high.jpg").stat().st_size


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([1, 2], "expected a NumPy array, received list"),
        (np.zeros((2, 2, 2), np.uint8), r"received shape \(2, 2, 2\)"),
        (np.zeros((2, 2, 1), np.uint8), r"received shape \(2, 2, 1\)"),
        (np.zeros((0, 2), np.uint8), r"received shape \(0, 2\)"),
        (np.zeros((2, 2), np.int64), "received int64"),
    ],
)
def test_the_array_contract(value: object, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        check_image(value)


@pytest.mark.parametrize(
    ("value", "message"), [(np.nan, "values that are not numbers"), (1.5, "received 0 to 1.5"), (-1, "-1 to 0")]
)
def test_float_values_have_their_range(value: float, message: str) -> None:
    image = np.zeros((3, 3), np.float32)
    image[1, 1] = value
    with pytest.raises(ImageError, match=message):
        check_values(image)


def test_float_values_that_rounding_has_carried_out_of_the_range_are_brought_back() -> None:
    image = np.array([[-1e-7, 0.25, 1 + 5e-6]], np.float32)
    assert check_values(image).tolist() == [[0, 0.25, 1]]
    assert image[0, 0] < 0
    inside = np.array([[0, 0.25, 1]], np.float32)
    assert check_values(inside) is inside
