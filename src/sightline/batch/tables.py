"""Pictures in Parquet tables: read row by row, written in parts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from sightline.batch.storage import NEEDED, Place, Remote, first_line, is_url, opened
from sightline.errors import ImageError, InputError

__all__ = ["Row", "TableWriter", "rows_of"]

HELD, MOST = 64, 64 * 2**20
"""Pictures, or bytes of them, in a row group that is written: whoever reads one picture reads its row group."""

BYTES = ("bytes", "image", "picture", "content", "data")
"""Columns that may hold the bytes of picture files, the first that is there; or a struct of `bytes` and `path`."""

NAMES = ("path", "name", "file_name", "filename", "key", "id")
"""Columns that may name the rows, likewise; without one a row is named by its number."""


@dataclass(frozen=True)
class Row:
    """A row of a Parquet table: the table's path or URL, the row group and the place in it, and the key that names the row.

    `facts`: what tells the table from one that has taken its place. `numbered`: the key is only the row's number.
    """

    table: str
    group: int
    place: int
    key: str
    facts: tuple[str, ...] = ()
    numbered: bool = False

    def __str__(self) -> str:
        return f"{self.table}#{self.key}"

    @property
    def name(self) -> str:
        """What errors call it by."""
        return str(self)

    def read(self, size: int = -1, /) -> bytes:
        """The bytes of the picture's file, whatever is asked for; ImageError if they cannot be read."""
        try:
            value = _group(self.table, self.group, self.facts)[self.place].as_py()
        except Exception as error:  # of the storage, or of a table that has changed
            raise ImageError(f"cannot read {str(self)!r}: {first_line(error)}") from error
        data = value.get("bytes") if isinstance(value, dict) else value
        if not isinstance(data, bytes):
            raise ImageError(f"cannot read {str(self)!r}", expected="the bytes of a picture file", received=type(data).__name__)
        return data


@lru_cache(1)
def _group(table: str, group: int, facts: tuple[str, ...]) -> Any:
    """The column of pictures in a row group: the last is kept, as rows are mostly read one after the other.

    `facts` are the table's: another that has taken its place is read anew.
    """
    with _parquet(table) as file:
        column = _column(file.schema_arrow, table)
        return file.read_row_group(group, columns=[column])[column]


def rows_of(table: Place) -> list[Row]:
    """The rows of a Parquet table with pictures, named by its column of names or by their numbers; InputError if it has none."""
    where = str(table)
    try:
        with _parquet(where) as file:
            schema = file.schema_arrow
            column = _column(schema, where)
            names = next((name for name in NAMES if name in schema.names and name != column), None)
            if names is None and "path" in _parts(schema.field(column).type):
                names = f"{column}.path"
            facts = (str(file.metadata.serialized_size), *(table.facts if isinstance(table, Remote) else _age(table)))
            rows: list[Row] = []
            for group in range(file.num_row_groups):
                before = len(rows)
                for place, name in enumerate(_names(file, group, names)):
                    rows.append(Row(where, group, place, name or str(before + place), facts, name is None))
            return rows
    except InputError:
        raise
    except Exception as error:  # of the storage, or of what is no table
        raise InputError(f"cannot read the table {where!r}: {first_line(error)}") from error


def _age(table: Path) -> tuple[str, ...]:
    return (str(table.stat().st_mtime_ns),)


def _names(file: Any, group: int, column: str | None) -> list[str | None]:
    """The names of a row group's rows, None where there is none."""
    if column is None:
        return [None] * int(file.metadata.row_group(group).num_rows)
    cells = file.read_row_group(group, columns=[column]).column(0).to_pylist()
    inner = column.partition(".")[2]
    found = [cell.get(inner) if inner and cell is not None else cell for cell in cells]
    return [None if name is None else str(name) for name in found]


def _column(schema: Any, table: str) -> str:
    """The column with the pictures."""
    import pyarrow as pa

    for name in BYTES:
        if name in schema.names:
            kind = schema.field(name).type
            if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or "bytes" in _parts(kind):
                return name
    raise InputError(
        f"the table {table!r} holds no pictures",
        expected=f"a column of bytes named {' or '.join(BYTES)}",
        received=", ".join(schema.names)[:200] or "no columns",
    )


def _parts(kind: Any) -> set[str]:
    """The names of a struct's parts; none of another type."""
    import pyarrow as pa

    return {part.name for part in kind} if pa.types.is_struct(kind) else set()


@contextmanager
def _parquet(table: str) -> Iterator[Any]:
    """A Parquet file, opened where it is."""
    try:
        import pyarrow.parquet as pq
    except ModuleNotFoundError:
        raise InputError(f"{table!r} needs a package more: pyarrow", fix=NEEDED) from None
    if not is_url(table):
        with pq.ParquetFile(table) as file:
            yield file
        return
    files, path = opened(table)
    with files.open(path, "rb") as stream, pq.ParquetFile(stream) as file:
        yield file


class TableWriter:
    """A Parquet file in the making, with the columns `path` and `bytes`: row groups of a few pictures, so that few are held."""

    def __init__(self, file: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._schema = pa.schema([("path", pa.string()), ("bytes", pa.binary())])
        self._writer = pq.ParquetWriter(str(file), self._schema, compression="none")  # pictures are compressed already
        self._held: list[tuple[str, bytes]] = []

    def add(self, name: str, picture: bytes) -> None:
        """Append a row."""
        self._held.append((name, picture))
        if len(self._held) >= HELD or sum(len(data) for _, data in self._held) >= MOST:
            self._flush()

    def close(self) -> None:
        """Write what is held and end the file."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        import pyarrow as pa

        names, pictures = [name for name, _ in self._held], [data for _, data in self._held]
        if names:
            self._writer.write_table(pa.table([pa.array(names), pa.array(pictures, pa.binary())], schema=self._schema))
        self._held = []
