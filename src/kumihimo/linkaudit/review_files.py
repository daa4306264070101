"""The files of a review: the sample that was drawn, the looks of people, the key of what was sown (CSV)."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import polars as pl

from kumihimo.kernel.files import open_regular, write_new
from kumihimo.kernel.refusal import BadInput
from kumihimo.linkaudit.looks import ANSWERS, LOOKS
from kumihimo.linkaudit.sampling import SAMPLE
from kumihimo.linkaudit.schema import Mechanism, Verdict
from kumihimo.linkaudit.seeding import KEY

_BYTES_MAX: Final = 1 << 30  # our choice: ten million looks
_MARK: Final = b"\xef\xbb\xbf"  # so that Excel reads UTF-8
_NEEDED: Final = ("record_id", "reviewer", "answer")
_ANSWERED: Final = ("answer", "decision")
_LOOKER: Final = ("affair", "record_id", "reviewer")


class BadReviewFile(BadInput):
    """The file is none of a review: no sample that was drawn, no looks of people."""

    code = "bad-review-file"
    title = "The file is none of a review"


def write_table(path: Path, table: pl.DataFrame) -> None:
    """Write a sample or looks, for their owner only."""
    write_new(path, _MARK + table.write_csv().encode())


def read_sample(path: Path) -> pl.DataFrame:
    """Read `sampling.SAMPLE`. Raises `BadReviewFile`."""
    table = _texts(path, tuple(SAMPLE))
    drawn = table.select(
        "record_id",
        pl.col("affair").fill_null(""),
        "verdict",
        *(pl.col(c).cast(SAMPLE[c], strict=False) for c in ("rows", "least", "inclusion")),
        pl.col("repeat").replace_strict({"true": True, "false": False}, default=None),
    )
    shares = (pl.col("least") > 0) & (pl.col("least") <= pl.col("inclusion"))
    fits = shares & (pl.col("inclusion") <= 1) & (pl.col("rows") > 0)
    known = pl.col("verdict").is_in([str(one) for one in Verdict]) & pl.col("repeat").is_not_null()
    good = drawn.select((fits & known).fill_null(value=False)).to_series()
    for odd in (~good, drawn["record_id"].is_null(), ~drawn["record_id"].is_first_distinct()):
        if odd.any():
            raise BadReviewFile(
                f"{path}: line {odd.arg_true()[0] + 2}: no line that `audit draw` wrote",
                pointer="sample",
            )
    if not len(drawn):
        raise BadReviewFile(f"{path}: has no line", pointer="sample")
    return drawn


def read_looks(path: Path) -> pl.DataFrame:
    """Read `looks.LOOKS`; what need not be there is null. Raises `BadReviewFile`."""
    held = _texts(path, _NEEDED)
    lacking = [pl.lit(None, pl.String).alias(c) for c in LOOKS if c not in held.columns]
    held = held.with_columns(lacking).select(list(LOOKS))
    weight = held["weight"].cast(pl.Float64, strict=False)
    faults = (
        *((name, held[name].is_null(), "is empty") for name in _NEEDED),
        *((n, _unknown(held[n], ANSWERS), f"is none of {', '.join(ANSWERS)}") for n in _ANSWERED),
        ("weight", held["weight"].is_not_null() & ~((weight >= 1) & weight.is_finite()).fill_null(value=False), "is no number from 1"),
        ("reviewer", ~held.select(_LOOKER).to_struct().is_first_distinct(), "has looked at the record already"),
    )  # fmt: skip
    for name, odd, words in faults:
        if odd.any():
            line = odd.arg_true()[0] + 2
            raise BadReviewFile(f"{path}: line {line}: {name} {words}", pointer="looks")
    return held.with_columns(weight=weight)


def read_key(path: Path) -> pl.DataFrame:
    """Read `seeding.KEY`. Raises `BadInput`."""
    try:
        with open_regular(path) as file:
            key = pl.read_csv(file.read(), schema=KEY)
    except (OSError, pl.exceptions.PolarsError):
        raise BadInput(f"{path}: not a key that `audit seed sow` wrote", pointer="sown") from None
    if key.is_empty() or not key["mechanism"].is_in([str(one) for one in Mechanism]).all():
        raise BadInput(f"{path}: not a key that `audit seed sow` wrote", pointer="sown")
    return key


def _unknown(column: pl.Series, known: Sequence[str]) -> pl.Series:
    return column.is_not_null() & ~column.is_in(list(known)).fill_null(value=False)


def _texts(path: Path, needed: Sequence[str]) -> pl.DataFrame:
    """Return a CSV file's columns as texts without spaces around; an empty one is null."""
    try:
        with open_regular(path) as file:
            content = file.read(_BYTES_MAX + 1)
    except OSError:
        raise BadReviewFile(f"{path}: cannot be read") from None
    if len(content) > _BYTES_MAX:
        raise BadReviewFile(f"{path}: larger than {_BYTES_MAX >> 20} MiB")
    try:
        table = pl.read_csv(io.StringIO(_decoded(content)), infer_schema=False)
    except (UnicodeDecodeError, pl.exceptions.PolarsError):
        raise BadReviewFile(f"{path}: not a CSV file") from None
    lacking = [name for name in needed if name not in table.columns]
    if lacking:
        raise BadReviewFile(f"{path}: the column {lacking[0]} is missing")
    trimmed = table.with_columns(pl.all().str.strip_chars())
    return trimmed.with_columns(
        pl.when(pl.col(c) != "").then(pl.col(c)).alias(c) for c in table.columns
    )


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp932")
