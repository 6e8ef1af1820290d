"""What `info` says, held against what Pillow wrote and against what `read` gives."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import time
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageCms

from sightline.errors import ImageError
from sightline.image import Image, encode, info, probe, read, read_metadata
from sightline.image.reading import decode_reduced

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (64, 80, 3), dtype=np.uint8)
DEEP = RNG.integers(0, 1 << 16, (64, 80, 3), dtype=np.uint16)


def saved(picture: Pillow.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def picture(mode: str = "RGB") -> Pillow.Image:
    return Pillow.fromarray(RGB).convert("RGBA" if mode == "LA" else "RGB").convert(mode)


def exif(orientation: int) -> Pillow.Exif:
    block = Pillow.Exif()
    block[0x0112] = orientation
    return block


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


@pytest.mark.parametrize("number", range(9))
@pytest.mark.parametrize("kind", ["Landscape", "Portrait"])
def test_the_orientation_is_the_one_in_the_files_name_and_the_size_is_the_upright_one(shared: Path, kind: str, number: int) -> None:
    said = info(shared / "exif" / f"{kind}_{number}.jpg")
    assert (said.orientation or 0) == number
    assert (said.width, said.height) == ((1800, 1200) if kind == "Landscape" else (1200, 1800))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF"])
def test_info_says_the_size_that_read_gives_however_the_picture_is_stored(kind: str, orientation: int) -> None:
    data = saved(picture(), kind, exif=exif(orientation))
    said = info(data)
    assert read(data).shape[:2] == (said.height, said.width)
    if kind != "AVIF":
        assert said.orientation == orientation
        assert (said.width, said.height) == ((80, 64) if orientation < 5 else (64, 80))


@pytest.mark.parametrize("form", ["B3x", "H2x", "I", "i"], ids=["BYTE", "SHORT", "LONG", "SLONG"])
@pytest.mark.parametrize("sign", ["<", ">"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_an_orientation_of_any_whole_type_and_byte_order_is_the_same_everywhere(kind: str, sign: str, form: str) -> None:
    """Decoders differ in which of these they follow: `info`, every way of reading, and the EXIF that is kept must not."""
    number = {"B3x": 1, "H2x": 3, "I": 4, "i": 9}[form]
    entry = struct.pack(f"{sign}HHI", 0x0112, number, 1) + struct.pack(sign + form, 6)
    block = {"<": b"II", ">": b"MM"}[sign] + struct.pack(f"{sign}HIH", 42, 8, 1) + entry + bytes(4)
    data = saved(picture(), kind, exif=block if kind == "PNG" else b"Exif\0\0" + block)
    said = info(data)
    assert (said.orientation, said.width, said.height) == (6, 64, 80)
    with Pillow.open(io.BytesIO(data)) as opened:
        turned = np.asarray(opened.transpose(Pillow.Transpose.ROTATE_270)).astype(int)
    for mode in ("color", "unchanged"):
        assert np.abs(read(data, mode) - turned).mean() < 2
    assert read(data, "gray").shape == (80, 64)
    kept = Pillow.Exif()
    kept.load(read_metadata(data).exif or b"")
    assert kept[0x0112] == 1
    if kind == "JPEG":
        assert decode_reduced(data, "picture", 2, gray=False).shape == (40, 32, 3)


def test_an_orientation_after_the_pixels_of_a_png_counts_and_one_in_xmp_does_not() -> None:
    plain = saved(picture(), "PNG")
    late = plain[:-12] + chunk(b"eXIf", exif(6).tobytes().removeprefix(b"Exif\0\0")) + plain[-12:]
    said = info(late)
    assert said.orientation == 6
    assert read(late).shape[:2] == (said.height, said.width)
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
    for kind in ("JPEG", "WEBP"):
        data = saved(picture(), kind, xmp=xmp)
        assert info(data).orientation is None
        assert read(data).shape[:2] == (info(data).height, info(data).width)


@pytest.mark.parametrize(
    ("data", "colors", "bits"),
    [
        (saved(picture(), "PNG"), "RGB", 8),
        (saved(picture("1"), "PNG"), "gray", 1),
        (saved(picture("LA"), "PNG"), "gray + alpha", 8),
        (saved(picture("RGBA"), "PNG"), "RGBA", 8),
        (saved(picture("P"), "PNG", transparency=3), "palette with transparency", 8),
        (saved(picture().quantize(4), "PNG", bits=2), "palette", 2),
        (saved(picture(), "PNG", transparency=(1, 2, 3)), "RGB with transparency", 8),
        (encode(DEEP, ".png"), "RGB", 16),
        (encode(DEEP[..., 0], ".png"), "gray", 16),
        (encode(DEEP[..., 0], ".pgm"), "gray", 16),
        (encode(DEEP, ".ppm"), "RGB", 16),
        (encode(RGB, ".ppm"), "RGB", 8),
        (encode(DEEP, ".jp2"), "RGB", 16),
        (encode(RGB, ".jp2"), "RGB", 8),
        (cv2.imencode(".avif", DEEP >> 6, [cv2.IMWRITE_AVIF_DEPTH, 10])[1].tobytes(), "RGB", 10),
        (encode(RGB, ".avif"), "RGB", 8),
        (saved(picture("CMYK"), "JPEG"), "CMYK", 8),
        (saved(picture("L"), "JPEG"), "gray", 8),
        (saved(picture("1"), "TIFF"), "gray", 1),
        (saved(picture("P"), "TIFF"), "palette", 8),
        (saved(picture("LA"), "TIFF"), "gray + alpha", 8),
        (saved(picture("RGBA"), "TIFF"), "RGBA", 8),
        (saved(picture("CMYK"), "TIFF"), "CMYK", 8),
        (saved(picture("YCbCr"), "TIFF"), "YCbCr", 8),
        (saved(picture(), "TIFF", big_tiff=True), "RGB", 8),
        (encode(DEEP, ".tiff"), "RGB", 16),
        (encode((DEEP / 65535).astype(np.float32), ".tiff"), "RGB", 32),
        (saved(picture("P"), "GIF"), "palette", 8),
    ],
)
def test_colours_and_depth_are_those_of_the_file(data: bytes, colors: str, bits: int) -> None:
    said = info(data)
    assert (said.colors, said.bits, said.width, said.height, said.frames) == (colors, bits, 80, 64, 1)
    assert said.bytes == len(data)


def gray_png(bits: int, key: int) -> bytes:
    """All grays of up to 8 bit, or some 256 of 16 bit whose high bytes are equal, of which one is transparent."""
    values = np.arange(1 << min(bits, 8), dtype=np.uint16) + (0x1200 if bits == 16 else 0)
    row = (
        values.astype(">u2").tobytes()
        if bits == 16
        else np.packbits(np.unpackbits(values.astype(np.uint8)[:, None], axis=1)[:, -bits:])
    )
    header = struct.pack(">IIBBBBB", len(values), 1, bits, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"tRNS", struct.pack(">H", key)), (b"IDAT", zlib.compress(b"\0" + bytes(row))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(name, body) for name, body in parts)


@pytest.mark.parametrize(("bits", "key"), [(1, 0), (1, 1), (2, 2), (4, 7), (8, 200), (16, 0x1234)])
def test_the_transparent_gray_of_a_png_is_kept_at_the_files_own_depth(bits: int, key: int) -> None:
    data = gray_png(bits, key)
    image = read(data, "unchanged")
    assert (info(data).colors, info(data).bits) == ("gray with transparency", bits)
    assert (image.shape[2], image.dtype.name) == (4, "uint16" if bits == 16 else "uint8")
    assert image[0, :, 3].tolist() == [0 if x == key % 256 else 65535 if bits == 16 else 255 for x in range(image.shape[1])]
    grays = [0x1200 + x if bits == 16 else x * 255 // max(1, image.shape[1] - 1) for x in range(image.shape[1])]
    assert all(image[0, :, channel].tolist() == grays for channel in range(3))
    assert read(data, "gray").ndim == 2


def test_transparency_of_pngs_is_as_pillow_shows_it(shared: Path) -> None:
    files = sorted((shared / "hostile/libpng/contrib/pngsuite").glob("ft*.png"))
    if not files:
        pytest.skip("the PNG suite is not here")
    for path in files:
        image = read(path, "unchanged")
        with Pillow.open(path) as opened:
            alpha = np.asarray(opened.convert("RGBA"))[..., 3] if "transparency" in opened.info else None
        assert ("with transparency" in info(path).colors) == (alpha is not None), path
        if alpha is None:
            assert image.ndim == 2 or image.shape[2] == 3, path
        elif info(path).bits in {1, 8}:  # of others, Pillow compares the key with values that it has scaled
            assert np.array_equal(image[..., 3], alpha), path
        else:
            assert image[0, 0, 3] == 0, path
            assert image[..., 3].any(), path


def test_gray_with_alpha_is_called_so_at_16_bit() -> None:
    rows = zlib.compress(b"\0" + bytes(16))
    parts = ((b"IHDR", struct.pack(">IIBBBBB", 4, 1, 16, 4, 0, 0, 0)), (b"IDAT", rows), (b"IEND", b""))
    data = b"\x89PNG\r\n\x1a\n" + b"".join(chunk(name, body) for name, body in parts)
    assert (info(data).colors, info(data).bits, read(data, "unchanged").shape) == ("gray + alpha", 16, (1, 4, 4))


def test_what_is_written_as_float_is_read_back() -> None:
    for pixels in (DEEP / 65535, DEEP[..., 0] / 65535):
        image: Image = pixels.astype(np.float32)
        assert np.array_equal(read(encode(image, ".tiff"), "unchanged"), image)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF", "AVIF", "MPO"])
@pytest.mark.parametrize("count", [1, 2, 12])
def test_frames_are_counted(kind: str, count: int) -> None:
    frames = [Pillow.fromarray(np.full((20, 30, 3), 20 * number, np.uint8)) for number in range(count)]
    data = saved(frames[0], kind, save_all=True, append_images=frames[1:])
    assert info(data).frames == count
    assert read(data).shape == (20, 30, 3)


def test_big_tiff_and_tiff_of_the_other_byte_order_are_understood() -> None:
    pages = [picture(), picture("L")]
    data = saved(pages[0], "TIFF", big_tiff=True, save_all=True, append_images=pages[1:])
    assert (info(data).frames, info(data).width) == (2, 80)
    tags = b"".join(struct.pack(">HHIHH", tag, 3, 1, value, 0) for tag, value in ((256, 7), (257, 5), (262, 1)))
    assert probe(b"MM\0*" + struct.pack(">IH", 8, 3) + tags + b"\0\0\0\0").width == 7


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF"])
def test_the_profile_goes_by_its_own_name(kind: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    data = saved(picture(), kind, icc_profile=profile.tobytes())
    assert info(data).profile == ImageCms.getProfileDescription(profile).strip()
    assert read_metadata(data).icc == profile.tobytes()
    assert info(saved(picture(), kind)).profile is None


def test_filters_of_warnings_are_left_as_they_were_by_many_threads() -> None:
    data = saved(picture(), "JPEG", exif=exif(6))
    with warnings.catch_warnings():
        before = list(warnings.filters)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: read_metadata(data), range(8 * 300)))
        assert list(warnings.filters) == before


def test_a_broken_profile_and_broken_exif_are_no_reason_to_refuse_a_picture() -> None:
    assert info(saved(picture(), "JPEG", icc_profile=b"broken")).profile == "ICC profile (damaged)"
    for block in (b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0garbage", b"Exif\0\0"):
        said = info(saved(picture(), "JPEG", exif=block))
        assert (said.orientation, said.width) == (None, 80)
    assert info(saved(picture(), "JPEG", exif=exif(99))).orientation is None


def test_metadata_of_a_turned_picture_is_upright_and_its_other_words_stay() -> None:
    block = exif(6)
    block[0x010F] = "A camera"
    for kind in ("PNG", "JPEG", "WEBP"):
        kept = read_metadata(saved(picture(), kind, exif=block.tobytes())).exif
        assert kept is not None
        found = Pillow.Exif()
        found.load(kept)
        assert (found[0x0112], found[0x010F]) == (1, "A camera")


def test_a_png_is_described_without_its_pixels() -> None:
    large = encode(RNG.integers(0, 256, (3000, 3000), dtype=np.uint8), ".png")
    info(large), read_metadata(large)  # what is loaded once
    start = time.perf_counter()
    info(large), read_metadata(large)
    said = time.perf_counter() - start
    start = time.perf_counter()
    read(large)
    assert said < (time.perf_counter() - start) / 3


def endless_jpeg() -> bytes:
    jpeg = encode(RGB, ".jpg")
    block = b"\xff\xe1" + struct.pack(">H", 65533) + b"Exif\0\0" + b"a" * 65525
    return jpeg[:2] + block * 4000 + jpeg[2:]


def crowded_tiff() -> bytes:
    """All tags that there can be, each pointing at the same megabyte: 64 GB for who keeps their values."""
    size = 1 << 20
    needed = {256: 8, 257: 8, 258: 8, 262: 1, 277: 1}
    entries = [
        struct.pack("<HHII", tag, 3, 1, needed[tag]) if tag in needed else struct.pack("<HHII", tag, 1, size, 8)
        for tag in range(65_535)
    ]
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + b"".join(entries) + b"\0\0\0\0" + bytes(size)


def ring_of_pages() -> bytes:
    tags = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in ((256, 8), (257, 8), (262, 1)))
    pages = [struct.pack("<H", 3) + tags + struct.pack("<I", 8 + 42 * (number + 1)) for number in range(200_000)]
    pages[-1] = pages[-1][:-4] + struct.pack("<I", 8)
    return b"II*\0" + struct.pack("<I", 8) + b"".join(pages)


def long_gif() -> bytes:
    gif = saved(picture("P"), "GIF")
    return gif[:-1] + b"!\xfe" + b"\1a" * (8 << 20) + b"\0;"


BOUNDED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
from sightline.errors import ImageError
from sightline.image import info, read_metadata
data = open(sys.argv[1], "rb").read()
try:
    print(info(data).frames)
except ImageError as error:
    print("refused:", error)
read_metadata(data)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the limit of memory is set the way of Unix")
@pytest.mark.parametrize("make", [endless_jpeg, crowded_tiff, ring_of_pages, long_gif])
def test_a_file_made_to_take_time_or_memory_takes_little(tmp_path: Path, make: Any) -> None:
    (tmp_path / "a").write_bytes(make())
    ran = subprocess.run([sys.executable, "-c", BOUNDED, str(tmp_path / "a")], capture_output=True, text=True, timeout=20)
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""


def test_a_damaged_tiff_is_refused() -> None:
    whole = saved(picture(), "TIFF")
    for data in (whole[:8], whole[:20], b"II*\0" + b"\xff" * 30, b"II*\0" + struct.pack("<I", 10**9) + bytes(30)):
        with pytest.raises(ImageError):
            info(data)


def tiff(order: str, *tags: tuple[int, int, int, int]) -> bytes:
    """A gray TIFF of one row of 8 bit; `tags` of (number, type, count, value) stand among its own in the order of their numbers."""
    sign = {"II": "<", "MM": ">"}[order]
    own = {256: 8, 257: 1, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: 1, 279: 8}
    given = {tag for tag, *_ in tags}
    entries = sorted(
        [(tag, 3, 1, value) for tag, value in own.items() if tag not in given] + list(tags), key=lambda entry: entry[0]
    )
    forms = {1: "B3x", 3: "H2x", 4: "I", 6: "b3x", 8: "h2x", 9: "i"}
    directory = b"".join(
        struct.pack(f"{sign}HHI", tag, kind, count) + struct.pack(sign + forms[kind], value) for tag, kind, count, value in entries
    )
    start = struct.pack(f"{sign}HI", 42, 16)
    return order.encode() + start + bytes(range(8)) + struct.pack(f"{sign}H", len(entries)) + directory + bytes(4)


@pytest.mark.parametrize("order", ["II", "MM"])
@pytest.mark.parametrize("kind", [3, 4, 9], ids=["SHORT", "LONG", "SLONG"])
def test_a_tiff_that_says_its_width_twice_is_refused(order: str, kind: int) -> None:
    """Its decoder believes the first, so that a small second one must not pass the limit on pixels."""
    assert read(tiff(order)).shape == (1, 8, 3)
    with pytest.raises(ImageError):
        read(tiff(order, (256, kind, 1, 8), (256, 3, 1, 2)), max_pixels=4)


@pytest.mark.parametrize("kind", [1, 3, 4, 6, 8, 9])
def test_a_tiff_may_write_its_numbers_in_any_whole_type(kind: int) -> None:
    data = tiff("MM", (256, kind, 1, 8), (274, kind, 1, 6))
    said = info(data)
    assert (said.width, said.height, said.orientation) == (1, 8, 6)
    assert read(data).shape[:2] == (said.height, said.width)
    with pytest.raises(ImageError):
        read(data, max_pixels=7)
