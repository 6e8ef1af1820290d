"""Images: the array contract, reading, writing, and what a file's header says."""

from sightline.image.contract import (
    CHANNEL_WORDS,
    CHANNELS,
    DTYPES,
    KINDS,
    Image,
    Kind,
    check_image,
    check_values,
    kind_of,
    white,
)
from sightline.image.header import (
    IMAGE_SUFFIXES,
    MAX_PIXELS,
    Header,
    ImageInfo,
    Metadata,
    Readable,
    Source,
    info,
    probe,
    read_metadata,
)
from sightline.image.reading import Mode, decode, read
from sightline.image.writing import check_writable, encode, write

__all__ = [
    "CHANNELS",
    "CHANNEL_WORDS",
    "DTYPES",
    "IMAGE_SUFFIXES",
    "KINDS",
    "MAX_PIXELS",
    "Header",
    "Image",
    "ImageInfo",
    "Kind",
    "Metadata",
    "Mode",
    "Readable",
    "Source",
    "check_image",
    "check_values",
    "check_writable",
    "decode",
    "encode",
    "info",
    "kind_of",
    "probe",
    "read",
    "read_metadata",
    "white",
    "write",
]
