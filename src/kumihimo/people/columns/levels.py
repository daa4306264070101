"""Levels over columns: a column of an enumeration's words, kept as their places in it."""

from collections.abc import Sequence
from enum import StrEnum
from functools import reduce
from typing import TypeVar

import polars as pl

L = TypeVar("L", bound=StrEnum)


def level_type(levels: type[StrEnum]) -> pl.Enum:
    """Return the type of a column of levels; `to_physical` gives their places."""
    return pl.Enum(levels)


def first_that_holds(cases: Sequence[tuple[pl.Expr, L]], otherwise: L | None = None) -> pl.Expr:
    """Return the level of the first case that holds, row by row; null where none does."""
    kind = level_type(type(cases[0][1]))
    return reduce(
        lambda rest, case: pl.when(case[0]).then(pl.lit(case[1], kind)).otherwise(rest),
        reversed(cases),
        pl.lit(otherwise, kind),
    )
