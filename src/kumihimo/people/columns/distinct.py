"""What a column repeats is read once: each distinct text by the scalar form, then spread out.

Equal to the scalar form by construction. Worth it where texts repeat (dates, towns, lots).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

import polars as pl

from kumihimo.kernel.refusal import BadInput

REASON: Final = "reason"
_TEXT: Final = "text"

T = TypeVar("T")


def read_distinct(
    texts: pl.Series,
    read: Callable[[str], T],
    spread: Callable[[T], Sequence[object]],
    schema: Mapping[str, type[pl.DataType]],
) -> pl.DataFrame:
    """Return a row for each text: the columns of `schema` and `reason`, why a text was refused.

    `read` may refuse with `BadInput`, whose detail quotes nothing; `spread` lays its value out in
    the order of `schema`. A null text gives nulls. Raises `TypeError` if the column holds no texts.
    """
    if texts.dtype != pl.String:
        raise TypeError(f"a column of texts is expected, {texts.dtype} was given")
    column = texts.rename(_TEXT)
    distinct = column.unique().drop_nulls()
    rows: list[tuple[object, ...]] = []
    empty = (None,) * len(schema)
    for text in distinct:
        try:
            rows.append((*spread(read(text)), None))
        except BadInput as refused:
            rows.append((*empty, refused.detail))
    known = pl.DataFrame(rows, schema={**schema, REASON: pl.String}, orient="row")
    joined = column.to_frame().join(
        known.with_columns(distinct), on=_TEXT, how="left", maintain_order="left"
    )
    return joined.drop(_TEXT)
