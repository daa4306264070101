"""Birth dates of which only year and month are written."""

from typing import Final

import polars as pl

from kumihimo.world.streams import Flags

# For each style of `notation.written_birth`: its day, and how it is written when nobody knows it.
_DAYS: Final = (
    ("^([0-9]{4}-[0-9]{2})-[0-9]{2}$", "${1}-00"),
    ("^([0-9]{6})[0-9]{2}$", "${1}00"),
    ("月[0-9]{1,2}日$", "月不詳"),
    (r"^([A-Z][0-9]+\.[0-9]+)\.[0-9]+$", "${1}.00"),
)


def without_day(written: pl.Series, unknown: Flags) -> pl.Series:
    """Return birth dates as written, without the day where it is unknown."""
    text = pl.col("text")
    for day, nothing in _DAYS:
        text = text.str.replace(day, nothing)
    bare = written.to_frame("text").select(text)["text"]
    return bare.zip_with(pl.Series(unknown), written)
