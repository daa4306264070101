"""The files for the case system: record ids and why they are told. No value of a person."""

from pathlib import Path
from typing import Final

import polars as pl

from kumihimo.kernel.files import write_new
from kumihimo.linkaudit.report.words import COLLISIONS, HOLDERS
from kumihimo.linkaudit.results import scan, sentence
from kumihimo.linkaudit.schema import Collision, Holder, Verdict

FILE: Final = "cases.csv"
ACCOUNTS_FILE: Final = "accounts.csv"


def write_cases(folder: Path) -> int:
    """Write `cases.csv`: what a person has to look at, the likeliest mis-links first.

    Returns how many. UTF-8 with a mark at its beginning, so that Excel reads it.
    """
    asked = pl.col("verdict").is_in([Verdict.PERSON, Verdict.MISLINK])
    found = scan(folder, "findings").filter(asked).collect(engine="streaming")
    codes = found["reason"].drop_nulls().unique().to_list()
    told = [sentence(code) for code in codes]
    cases = found.sort("odds", descending=True, nulls_last=True).select(
        "record_id",
        "affair",
        "verdict",
        "mechanism",
        pl.col("odds").round(2),
        "reason",
        reason_ja=_said("reason", codes, [one.ja for one in told]),
        reason_en=_said("reason", codes, [one.en for one in told]),
        run=pl.col("run"),
    )
    write_new(folder / FILE, b"\xef\xbb\xbf" + cases.write_csv().encode())
    return len(cases)


def write_accounts(folder: Path) -> int:
    """Write `accounts.csv`: records whose account is another's too, or is not in their own name.

    Returns how many lines; a record stands in as many as it has reasons.
    """
    asked = pl.col("collision").is_in([Collision.ACCOUNT, Collision.FAMILY_ACCOUNT])
    shared = scan(folder, "collisions").filter(asked)
    named = scan(folder, "holders").filter(~pl.col("holder").is_in([Holder.OWN, Holder.READ]))
    lines = [
        shared.select("row", "record_id", "group", what="collision"),
        named.select("row", "record_id", group=pl.lit(None, pl.Int64), what="holder"),
    ]
    found = pl.concat(lines).sort("group", "row", nulls_last=True).collect(engine="streaming")
    words = {str(code): said for code, said in (*COLLISIONS.items(), *HOLDERS.items())}
    codes = found["what"].unique().to_list()
    told = [words[code] for code in codes]
    cases = found.select(
        "record_id",
        "what",
        "group",
        what_ja=_said("what", codes, [one.ja for one in told]),
        what_en=_said("what", codes, [one.en for one in told]),
    )
    write_new(folder / ACCOUNTS_FILE, b"\xef\xbb\xbf" + cases.write_csv().encode())
    return len(cases)


def _said(column: str, codes: list[str], words: list[str]) -> pl.Expr:
    if not codes:
        return pl.lit("")
    return pl.col(column).replace_strict(codes, words, default="", return_dtype=pl.String)
