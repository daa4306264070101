"""The file for the case system: record id, verdict, mechanism, odds, reason. No value of a person."""

from pathlib import Path
from typing import Final

import polars as pl

from kumihimo.kernel.files import write_new
from kumihimo.linkaudit.results import scan, sentence
from kumihimo.linkaudit.schema import Verdict

FILE: Final = "cases.csv"


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
        reason_ja=_said(codes, [one.ja for one in told]),
        reason_en=_said(codes, [one.en for one in told]),
        run=pl.col("run"),
    )
    write_new(folder / FILE, b"\xef\xbb\xbf" + cases.write_csv().encode())
    return len(cases)


def _said(codes: list[str], words: list[str]) -> pl.Expr:
    if not codes:
        return pl.lit("")
    return pl.col("reason").replace_strict(codes, words, default="", return_dtype=pl.String)
