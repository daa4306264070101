"""Holders of accounts over columns: `bank_kana.bank_kana` and `kana_agree` of each row."""

import polars as pl

from kumihimo.people.bank_kana import bank_kana, kana_agree
from kumihimo.people.columns.letters import one_by_one
from kumihimo.people.columns.names import canonical_kanas
from kumihimo.people.levels import HolderLevel
from kumihimo.people.text import BadText


def bank_kanas(column: pl.Series) -> pl.Series:
    """Return `bank_kana` of each text (String); null where it is null or no bank can write it."""
    return one_by_one(column.cast(pl.String), _bank_kana)


def holder_levels(register_kana: pl.Series, holder: pl.Series) -> pl.Series:
    """Return `kana_agree` of each row (String); a null counts as no reading."""
    pairs = pl.DataFrame(
        {"mine": register_kana.cast(pl.String), "holder": holder.cast(pl.String)}
    ).select(pl.all().fill_null(""))
    mine, theirs = canonical_kanas(pairs["mine"]), canonical_kanas(pairs["holder"])
    same = (mine == theirs) & mine.str.contains("[ァ-ヺ]")
    level = pl.repeat(HolderLevel.EQUAL.value, len(pairs), dtype=pl.String, eager=True)
    left = (~same).arg_true()
    rest = pairs.gather(left)
    distinct = rest.unique()
    found = [kana_agree(*row).value for row in distinct.iter_rows()]
    known = distinct.with_columns(level=pl.Series(found, dtype=pl.String))
    joined = rest.join(known, on=["mine", "holder"], how="left", maintain_order="left")
    order = pl.concat([same.arg_true(), left])
    whole = pl.concat([level.filter(same), joined["level"]])
    return whole.gather(order.arg_sort()).alias(holder.name)


def _bank_kana(text: str) -> str | None:
    try:
        return bank_kana(text)
    except BadText:
        return None
