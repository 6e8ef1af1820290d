"""One picture file through a pipeline into the bytes of another: what surrounds the pixels is carried along."""

from __future__ import annotations

from dataclasses import dataclass

from sightline.batch.shrink import decode_shrunk
from sightline.image import MAX_PIXELS, Header, Image, Metadata, decode, encode, info, read_metadata
from sightline.image.header import Source, bytes_of, probe_bytes
from sightline.pipeline import Item, Pipeline

__all__ = ["Options", "Picture", "convert", "load_picture"]

ANIMATED = frozenset({"GIF", "WEBP", "TIFF", "AVIF", "PNG"})


@dataclass(frozen=True)
class Options:
    """How pictures are read and written around a pipeline.

    `quality`: 1 to 100 where the format has one; `strip`: leave EXIF and the colour profile behind; `shrink_on_load`: decode
    a JPEG reduced where the pipeline begins by shrinking; `max_pixels`: larger pictures are refused; `seed`: of what is random.
    """

    quality: int | None = None
    strip: bool = False
    shrink_on_load: bool = True
    max_pixels: int = MAX_PIXELS
    seed: int = 0


USUAL = Options()


@dataclass(frozen=True)
class Picture:
    """A file's pixels, upright and in their own depth, with what else it carries."""

    image: Image
    metadata: Metadata
    frames: int
    name: str


def load_picture(source: Source, options: Options = USUAL) -> Picture:
    """Read a file with everything that is to survive a pipeline."""
    data, name = bytes_of(source)
    header = probe_bytes(data, name, options.max_pixels)
    image = decode(data, name, "unchanged", max_pixels=options.max_pixels)
    return Picture(image, Metadata() if options.strip else read_metadata(data), _frames(data, header), name)


def convert(source: Source, suffix: str, pipeline: Pipeline, item: Item, options: Options) -> tuple[bytes, int]:
    """Run a file through `pipeline`; give the bytes of the result in the format of `suffix`, and how many frames the file had.

    The pipeline is held against the picture as a whole, whatever is drawn. ImageError of a file that cannot be read names it;
    PipelineError names the step by its place, and leaves it to the caller to name the file.
    """
    data, name = bytes_of(source)
    header = probe_bytes(data, name, options.max_pixels)
    image, done = None, 0
    if options.shrink_on_load and header.format == "JPEG":
        plain = pipeline.record(seed=options.seed, item=item)
        image, done = decode_shrunk(data, name, header, plain, options.max_pixels)
    if image is None:
        image = decode(data, name, "unchanged", max_pixels=options.max_pixels)
    metadata = Metadata() if options.strip else read_metadata(data)
    result = pipeline.run(image, seed=options.seed, item=item, done=done)
    return encode(result, suffix, quality=options.quality, metadata=metadata), _frames(data, header)


def _frames(data: bytes, header: Header) -> int:
    return info(data, max_pixels=1 << 62).frames if header.format in ANIMATED else 1
