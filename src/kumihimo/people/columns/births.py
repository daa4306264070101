"""Birth dates and sex over columns, as `people.births` and `people.sexes` read them."""

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

import polars as pl

from kumihimo.people.births import read_birth
from kumihimo.people.columns.distinct import read_distinct
from kumihimo.people.sexes import Sex

BIRTH_SCHEMA: Final[Mapping[str, type[pl.DataType]]] = MappingProxyType(
    {"year": pl.Int16, "month": pl.Int8, "day": pl.Int8}
)


def birth_columns(texts: pl.Series, *, era_codes: bool = False) -> pl.DataFrame:
    """Return year, month and day (null where unknown) and `reason`, as `births.read_birth` reads.

    Where it refuses a text all three are null and `reason` tells why, without quoting it. A year is
    null for no other reason.
    """
    return read_distinct(texts, partial(read_birth, era_codes=era_codes), tuple, BIRTH_SCHEMA)


def sexes(texts: pl.Series) -> pl.Series:
    """Return "1", "2", or "" where unknown; null for null and for what `Sex.parse` refuses."""
    read = read_distinct(
        texts, Sex.parse, lambda sex: (sex.value if sex else "",), {"sex": pl.String}
    )
    return read["sex"]
