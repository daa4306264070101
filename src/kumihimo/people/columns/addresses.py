"""Addresses over columns: the parts of `people.addresses` for each row."""

import operator
from typing import Final

import polars as pl

from kumihimo.people.addresses import Address
from kumihimo.people.columns.distinct import read_distinct

# In the order of `AddressParts`.
PARTS: Final = ("prefecture", "city", "town", "lot", "building", "room")


def address_columns(texts: pl.Series) -> pl.DataFrame:
    """Return the columns of `PARTS` (String, "" where not written) and `reason`.

    Where `Address.parse` refuses a text all parts are null and `reason` tells why, without
    quoting it. City, town and lot in one are what a comparison takes (`AddressParts.core`).
    """
    return read_distinct(
        texts,
        lambda text: Address.parse(text).reveal_parts(),
        operator.attrgetter(*PARTS),
        dict.fromkeys(PARTS, pl.String),
    )
