"""Forms are read as python-multipart reads them, and refused where they leave something to guess."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from io import BytesIO

import pytest
import python_multipart
from hypothesis import given
from hypothesis import strategies as st

from sightline.serve.failures import RequestError
from sightline.serve.forms import Part, parts_of

from .conftest import form

NAMES = st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters='"\\%'), min_size=1, max_size=20)
FIELDS = st.lists(st.tuples(NAMES, st.none() | NAMES, st.binary(max_size=200)), min_size=1, max_size=5)


def read_by_another(body: bytes, kind: str) -> list[Part]:
    """What python-multipart finds."""
    found: list[Part] = []

    def text(field: python_multipart.multipart.Field) -> None:
        found.append(Part((field.field_name or b"").decode(), None, field.value or b""))

    def file(file: python_multipart.multipart.File) -> None:
        file.file_object.seek(0)
        found.append(Part((file.field_name or b"").decode(), (file.file_name or b"").decode(), file.file_object.read()))

    python_multipart.parse_form({"Content-Type": kind.encode()}, BytesIO(body), text, file)
    return found


@given(FIELDS)
def test_parts_are_those_that_another_reader_finds(fields: Sequence[tuple[str, str | None, bytes]]) -> None:
    body, kind = form(*fields)
    assert parts_of(body, kind, 5) == read_by_another(body, kind) == [Part(*field) for field in fields]


@given(FIELDS, st.data())
def test_a_form_that_is_cut_off_is_refused(fields: Sequence[tuple[str, str | None, bytes]], data: st.DataObject) -> None:
    body, kind = form(*fields)
    cut = data.draw(st.integers(0, len(body) - 5))
    with pytest.raises(RequestError):
        parts_of(body[:cut], kind, 5)


@given(st.binary(max_size=300))
def test_no_bytes_bring_it_down(body: bytes) -> None:
    for given_body in (body, b"--x" + body, b"--x\r\n" + body + b"\r\n--x--", b"--x\r\nContent-Disposition:" + body + b"\r\n--x--"):
        with suppress(RequestError):
            parts_of(given_body, "multipart/form-data; boundary=x", 5)


@pytest.mark.parametrize(
    ("disposition", "expected"),
    [
        ('form-data; name="a"; filename="b c.png"', Part("a", "b c.png", b"1")),
        ("form-data; name=a; filename=b.png", Part("a", "b.png", b"1")),
        ('form-data; filename="b;name=x.png"; name="a"', Part("a", "b;name=x.png", b"1")),
        ('form-data; name="a"; filename="say \\"hi\\".png"', Part("a", 'say "hi".png', b"1")),
        ('form-data; name="a"; filename="say %22hi%22.png"', Part("a", 'say "hi".png', b"1")),  # as browsers do it
        ("form-data; name=\"a\"; filename*=UTF-8''%C3%BCber.png", Part("a", "über.png", b"1")),
        ('form-data; name="a"; filename=""', Part("a", "", b"1")),
        ('FORM-DATA; NAME="a"', Part("a", None, b"1")),
    ],
)
def test_names_are_read_however_they_are_written(disposition: str, expected: Part) -> None:
    body = f"--x\r\nContent-Type: image/png\r\ncontent-disposition: {disposition}\r\n\r\n1\r\n--x--\r\n".encode()
    assert parts_of(b"before\r\n" + body + b"after", 'multipart/form-data; Boundary="x"', 1) == [expected]


def test_more_parts_than_may_be_are_not_read() -> None:
    body, kind = form(*[("a", None, b"1")] * 6)
    assert len(parts_of(body, kind, 6)) == 6
    with pytest.raises(RequestError, match="at most 5"):
        parts_of(body, kind, 5)
    with pytest.raises(RequestError, match="at most 5"):
        parts_of(body * 100, kind, 5)
