"""Numbers as a person reads them, at the edges."""

from __future__ import annotations

import pytest

from sightline.evaluation.words import bounds, duration, measured, moment, percent, short, size, time_of


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(("share", "shown"), [(0.0, "0.0 %"), (0.9999999, "99.9 %"), (1.0, "100 %"), (float("inf"), "–")])  # noqa: RUF001
def test_percent(share: float, shown: str) -> None:
    assert plain(percent(share)) == shown


@pytest.mark.parametrize(
    ("share", "interval", "shown"),
    [
        (0.9943, (0.9926, 0.9956), "99.43 % ± 0.15"),
        (0.909, (0.9032, 0.9145), "90.9 % ± 0.6"),
        (0.5, (0.401, 0.599), "50 % ± 10"),
        (0.95, (0.863, 0.983), "95 % 86 to 98 %"),
        (0.0, (0.0, 0.28), "0 % 0 to 28 %"),
    ],
)
def test_digits_follow_the_uncertainty(share: float, interval: tuple[float, float], shown: str) -> None:
    assert plain(" ".join(measured(share, interval))) == shown


def test_bounds_have_the_digits_of_their_width() -> None:
    assert plain(bounds((0.9926, 0.9956))) == "99.26 to 99.56 %"
    assert plain(bounds((0.72, 1.0))) == "72 to 100 %"


@pytest.mark.parametrize(("seconds", "shown"), [(0.04, "0.0 s"), (59.96, "1 min 0 s"), (3599.6, "1 h 0 min"), (9e4, "25 h 0 min")])
def test_duration(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_prefixes_change_where_three_digits_end() -> None:
    assert [plain(short(n)) for n in (0, 999, 999_499, 999_500, 2e15)] == ["0", "999", "999 k", "1 M", "2e+03 T"]
    assert [plain(size(n)) for n in (999, 1000, 1_000_000)] == ["999 B", "1 kB", "1 MB"]
    assert [plain(time_of(us)) for us in (0, 0.0123, 123, 999_000, 2_500_000)] == ["0 µs", "0.012 µs", "120 µs", "1 s", "2.5 s"]


def test_a_moment_that_is_none_is_left_alone() -> None:
    assert moment("yesterday") == "yesterday"
    assert moment("2026-03-01T09:05:00") == "1 March 2026, 09:05"
