"""What a column repeats is read once: each distinct text by the scalar form, then spread out.

Equal to the scalar form by construction. Worth it where texts repeat (dates, towns, lots).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import Lock
from typing import Final, TypeVar

import attrs
import polars as pl

from kumihimo.kernel.refusal import BadInput

REASON: Final = "reason"
TEXT: Final = "text"
_PLACE: Final = "place"

T = TypeVar("T")


def strings(names: Iterable[str]) -> dict[str, type[pl.DataType]]:
    """Return the schema of columns of texts."""
    return dict.fromkeys(names, pl.String)


def require_texts(column: pl.Series) -> pl.Series:
    """Return the column as one of texts. Raises `TypeError` if it holds something else."""
    if column.dtype != pl.String and column.dtype != pl.Null:  # noqa: PLR1714 -- they are no values
        raise TypeError(f"a column of texts is expected, {column.dtype} was given")
    return column.cast(pl.String)


def distinct(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return the distinct texts without null, and for each row which of them it holds, or null.

    Raises `TypeError` if the column holds no texts.
    """
    column = require_texts(texts).rename(TEXT)
    known = column.unique().drop_nulls()
    joined = column.to_frame().join(
        known.to_frame().with_row_index(_PLACE), on=TEXT, how="left", maintain_order="left"
    )
    return known, joined[_PLACE]


def put(column: pl.Series, at: pl.Series, values: pl.Series) -> pl.Series:
    """Return the column with these values at some places."""
    return column.clone().scatter(at, values)


@attrs.define
class Memory:
    """What texts were read as, kept from column to column: each distinct one is read once.

    `read` gives a row for each of some distinct texts, whatever other texts there are. Beyond
    `limit` texts all is forgotten and begun anew, so that a long audit takes no more memory than a
    short one.
    """

    read: Callable[[pl.Series], pl.DataFrame]
    limit: int = 1 << 18
    _known: pl.Series | None = None  # keeps the codes of the texts, as no column does
    _table: pl.DataFrame | None = None
    _told: int = 0  # so many were told of
    _lock: Lock = attrs.field(factory=Lock, init=False)

    def look_up(self, texts: pl.Series) -> tuple[pl.DataFrame, pl.Series]:
        """Return what is known of texts, and for each row which line is its own, or null."""
        with self._lock:
            known, lines = self._begun()
            codes = require_texts(texts).cast(known.dtype).to_physical()
            # Codes count from 0 in the order in which texts come, those of a reading that failed too.
            highest = codes.max()
            count = highest + 1 if isinstance(highest, int) else 0
            if count > len(lines):
                new = pl.int_range(len(lines), count, dtype=pl.UInt32, eager=True)
                read = self.read(new.cat.to(known.dtype).cast(pl.String))
                lines = self._table = pl.concat([lines, read], rechunk=True)
            return lines, codes

    def told(self) -> pl.DataFrame:
        """Return each text that was read since this was asked last (`TEXT`), and what it was read as."""
        with self._lock:
            known, lines = self._begun()
            new = pl.int_range(self._told, len(lines), dtype=pl.UInt32, eager=True)
            texts = new.cat.to(known.dtype).cast(pl.String).alias(TEXT)
            found = lines[self._told :].select(texts, pl.all())
            self._told = len(lines)
            return found

    def learn(self, told: pl.DataFrame) -> None:
        """Know what texts (`TEXT`, each once) were read as elsewhere, by the same `read`.

        Half of the room is left to others. Nothing is learnt by who knows as much already.
        """
        with self._lock:
            known, lines = self._begun()
            told = told.head(self.limit // 2)
            if len(told) <= len(lines):
                return
            codes = told[TEXT].cast(known.dtype).to_physical()
            told = told.filter(codes >= len(lines)).select(lines.columns)
            if codes.max() == len(lines) + len(told) - 1:  # else a reading failed, and left a gap
                self._table = pl.concat([lines, told], rechunk=True)
                self._told = len(self._table)

    def _begun(self) -> tuple[pl.Series, pl.DataFrame]:
        if self._known is None or self._table is None or len(self._table) > self.limit:
            self._known = pl.Series(dtype=pl.Categorical(pl.Categories.random()))
            self._table = self.read(pl.Series(dtype=pl.String))
            self._told = 0
        return self._known, self._table


def read_all(
    texts: pl.Series,
    read: Callable[[str], T],
    spread: Callable[[T], Sequence[object]],
    schema: Mapping[str, type[pl.DataType]],
) -> pl.DataFrame:
    """Return a row for each text: the columns of `schema` and `reason`, why a text was refused.

    `read` may refuse with `BadInput`, whose detail quotes nothing; `spread` lays its value out in
    the order of `schema`.
    """
    rows: list[tuple[object, ...]] = []
    empty = (None,) * len(schema)
    for text in texts:
        try:
            rows.append((*spread(read(text)), None))
        except BadInput as refused:
            rows.append((*empty, refused.detail))
    return table(rows, {**schema, REASON: pl.String})


def table(
    rows: Sequence[Sequence[object]], schema: Mapping[str, type[pl.DataType]]
) -> pl.DataFrame:
    """Return a frame of rows; several times faster than Polars takes them by row."""
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    return pl.DataFrame(
        [
            pl.Series(name, values, dtype)
            for (name, dtype), values in zip(schema.items(), columns, strict=True)
        ]
    )


def read_distinct(
    texts: pl.Series,
    read: Callable[[str], T],
    spread: Callable[[T], Sequence[object]],
    schema: Mapping[str, type[pl.DataType]],
) -> pl.DataFrame:
    """Return `read_all` of each distinct text, for each row; nulls for a null."""
    known, places = distinct(texts)
    return read_all(known, read, spread, schema)[places]
