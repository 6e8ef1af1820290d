"""Numbers and times as a person reads them, with no more digits than they are worth."""

from __future__ import annotations

from datetime import datetime
from math import floor, isfinite, log10

from sightline.image import Image

__all__ = [
    "bounds",
    "dimensions",
    "duration",
    "measured",
    "moment",
    "percent",
    "pictures",
    "points",
    "short",
    "signed",
    "size",
    "time_of",
]

MINUS = "\N{MINUS SIGN}"
DASH = "\N{EN DASH}"  # stands for a number that does not exist
SPACE = "\N{NO-BREAK SPACE}"  # between a number and its unit
SIZES = ("B", "kB", "MB", "GB", "TB")
TIMES = (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6))


def percent(share: float, digits: int = 1) -> str:
    """A share as per cent; NaN as a dash. What is not quite all is never rounded up to 100 %.

    >>> percent(0.9087), percent(0.99996), percent(1.0)
    ('90.9\xa0%', '99.9\xa0%', '100\xa0%')
    """
    if not isfinite(share):
        return DASH
    if share == 1:
        return f"100{SPACE}%"
    most = 100 - 10**-digits
    return f"{min(share * 100, most) if share < 1 else share * 100:.{digits}f}{SPACE}%"


def points(share: float) -> str:
    """A difference of two shares in percentage points, with one decimal below ten and a real minus.

    >>> points(0.62), points(-0.0131).replace(MINUS, "-"), points(0.0)
    ('62', '-1.3', '0')
    """
    value = 100 * share
    digits = 1 if 0.05 <= abs(value) < 9.95 else 0
    text = f"{value:.{digits}f}"
    return "0" if float(text) == 0 else text.replace("-", MINUS)


def signed(share: float, digits: int = 1) -> str:
    """A difference in percentage points with its sign.

    >>> signed(0.0078), signed(-0.05, 0).replace(MINUS, "-"), signed(0.0)
    ('+0.8', '-5', '0.0')
    """
    text = f"{100 * share:+.{digits}f}"
    return text[1:] if float(text) == 0 else text.replace("-", MINUS)


def measured(share: float, interval: tuple[float, float]) -> tuple[str, str]:
    """A share and its uncertainty, both with the digits that the interval allows.

    The uncertainty is `± half` where the interval lies about evenly around the share, else `low to high`.

    >>> measured(0.9087, (0.9029, 0.9142))
    ('90.9\xa0%', '±\xa00.6')
    >>> measured(1.0, (0.722, 1.0))
    ('100\xa0%', '72 to 100\xa0%')
    """
    low, high = (100 * bound for bound in interval)
    half, digits = (high - low) / 2, _digits(interval)
    if abs(100 * share - (low + high) / 2) < 0.2 * half:
        return percent(share, digits), f"±{SPACE}{half:.{digits}f}"
    return percent(share, digits), bounds(interval)


def bounds(interval: tuple[float, float]) -> str:
    """An interval with the digits that its width allows.

    >>> bounds((0.9029, 0.9142))
    '90.3 to 91.4\xa0%'
    """
    low, high = interval
    digits = _digits(interval)
    upper = "100" if high == 1 else f"{100 * high:.{digits}f}"
    return f"{100 * low:.{digits}f} to {upper}{SPACE}%"


def _digits(interval: tuple[float, float]) -> int:
    # Two digits of an uncertainty that begins with 1, one of any other: the Particle Data Group's habit, simplified.
    half = 50 * (interval[1] - interval[0])
    return 2 if half < 0.195 else 1 if half < 1.95 else 0


def pictures(count: int) -> str:
    """A number of pictures in words.

    >>> pictures(1), pictures(1000)
    ('1 picture', '1,000 pictures')
    """
    return f"{count:,} picture{'' if count == 1 else 's'}"


def duration(seconds: float) -> str:
    """A time as its two largest units.

    >>> duration(8.26), duration(252), duration(3725)
    ('8.3 s', '4 min 12 s', '1 h 2 min')
    """
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def moment(iso: str) -> str:
    """An ISO 8601 time as a date with hour and minute; what is no such time is given back as it is.

    >>> moment("2026-01-09T14:03:59+00:00")
    '9 January 2026, 14:03 UTC'
    """
    try:
        when = datetime.fromisoformat(iso)
    except ValueError:
        return iso
    return f"{when.day} {when:%B %Y, %H:%M %Z}".rstrip()


def short(number: float) -> str:
    """A count with three digits and a decimal prefix.

    >>> short(950), short(93322), short(12_400_000)
    ('950', '93.3\xa0k', '12.4\xa0M')
    """
    value = float(number)
    for prefix in ("", "k", "M", "G", "T"):
        if abs(value) < 999.5 or prefix == "T":
            break
        value /= 1000
    return f"{value:.3g}{SPACE}{prefix}".strip()


def dimensions(image: Image) -> str:
    """A picture's width and height in pixels."""
    return f"{image.shape[1]} \N{MULTIPLICATION SIGN} {image.shape[0]}"


def size(count: int) -> str:
    """A number of bytes, in decimal units.

    >>> size(512), size(382_113)
    ('512\xa0B', '382\xa0kB')
    """
    value, unit = float(count), SIZES[0]
    for unit in SIZES:
        if value < 999.5 or unit == SIZES[-1]:
            break
        value /= 1000
    return f"{value:.3g}{SPACE}{unit}"


def time_of(microseconds: float) -> str:
    """The time one picture takes: two digits, in the unit that keeps the number small.

    >>> time_of(74.3), time_of(1234), time_of(0.5)
    ('74\xa0µs', '1.2\xa0ms', '0.5\xa0µs')
    """
    seconds = microseconds * 1e-6
    for unit, scale in TIMES:
        if seconds >= 0.995 * scale or unit == "µs":
            break
    value = seconds / scale
    digits = 1 - floor(log10(value)) if value > 0 else 0
    return f"{round(value, digits):g}{SPACE}{unit}"
