"""Whose the account of a record is: the holder, as its bank writes it, beside the record's own name.

An evidence of its own. An account in another's name says nothing of whose number a record
carries, so it clears no record and makes none suspected; it is told, and people look.
"""

from typing import Final

import polars as pl

from kumihimo.linkaudit.schema import Holder
from kumihimo.people.bank_kana import is_corporate
from kumihimo.people.columns.bank_kana import holder_levels
from kumihimo.people.columns.fits import fits
from kumihimo.people.columns.names import canonical_kanas, canonical_names
from kumihimo.people.fits import Grade
from kumihimo.people.levels import HolderLevel

_OWN: Final = (HolderLevel.EQUAL, HolderLevel.CUT, HolderLevel.LONG, HolderLevel.ORDER)
_READ: Final = (Grade.DICTIONARY, Grade.ALIGNED)
# With how many rows at once: what is compared one by one is held as text.
CHUNK: Final = 200_000


def whose(rows: pl.DataFrame) -> pl.Series:
    """Return `Holder` of each row with `name`, `kana` and `holder` (all String), none null.

    The record's reading is asked first. Where it is another, the name may still be read so: a
    register's reading need not be the bank's.
    """
    parts = [_whose(part) for part in rows.iter_slices(CHUNK)]
    return pl.concat(parts) if parts else pl.Series("holder", [], dtype=pl.String)


def _whose(rows: pl.DataFrame) -> pl.Series:
    level = holder_levels(rows["kana"], rows["holder"])
    left = (~level.is_in(_OWN)).arg_true()
    rest = rows.select("name", "holder").gather(left)
    names = rest["holder"].unique()
    firms = names.filter(pl.Series([is_corporate(name) for name in names], dtype=pl.Boolean))
    told = rest.select(
        level=level.gather(left),
        corporate=rest["holder"].is_in(firms.implode()),
        spelled=canonical_names(rest["name"]) == canonical_names(rest["holder"]),
        read=canonical_kanas(rest["holder"]).str.contains("[ァ-ヺ]"),
    )
    judged = pl.concat([told, fits(rest["name"], rest["holder"])], how="horizontal")
    found = pl.repeat(str(Holder.OWN), len(rows), dtype=pl.String, eager=True).alias("holder")
    return found.scatter(left, judged.select(_judged()).to_series())


def _judged() -> pl.Expr:
    level, grade = pl.col("level"), pl.col("grade")
    half = pl.when(grade == Grade.PARTIAL).then(pl.col("failed"))
    words = (
        (pl.col("corporate"), Holder.CORPORATE),
        (pl.col("spelled"), Holder.OWN),  # in Latin letters on both sides
        (~pl.col("read"), Holder.UNTOLD),
        (grade.is_in(_READ), Holder.READ),
        ((level == HolderLevel.SURNAME) | (half == "given"), Holder.FAMILY),
        ((level == HolderLevel.GIVEN) | (half == "surname"), Holder.GIVEN),
        ((level == HolderLevel.DIFFERENT) | (grade == Grade.UNLIKELY), Holder.OTHER),
    )
    found = pl.lit(str(Holder.UNTOLD))
    for condition, word in reversed(words):
        found = pl.when(condition.fill_null(value=False)).then(pl.lit(str(word))).otherwise(found)
    return found
