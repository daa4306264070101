"""The pattern table, approved by people line by line: it decides where no evidence says more.

A line is known by its levels and not by its number, so an approval outlives the run it was given
for. Approvals are versions in the folder; none is ever changed.
"""

import csv
import io
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from kumihimo.kernel.files import open_regular, write_new
from kumihimo.kernel.refusal import BadInput
from kumihimo.linkaudit.results import APPROVED, UNAPPROVED, kinds, sentence, table
from kumihimo.linkaudit.schema import ATTRIBUTES, FINDINGS, LEVELS, Others, Verdict

KEYS: Final = (*ATTRIBUTES, "others")
FILE: Final = "patterns.csv"
FILE_BYTES_MAX: Final = 16 * 1024 * 1024  # our choice: a hundred times the longest table
_FOLDER: Final = "approved"
_MACHINE: Final = "findings.machine.parquet"
_MARK: Final = "kumihimo.decided"
_SMALL: Final = 10
_SHOWN: Final = ("verdict", "approved_by", "approved_on", "mechanism", "reason_ja", "reason_en")
_APPROVALS: Final = {
    **dict.fromkeys(KEYS, pl.String),
    "verdict": pl.String,
    "approved_by": pl.String,
    "approved_on": pl.Date,
}


class BadApproval(BadInput):
    """A pattern table that was handed back cannot be taken; `pointer` is the line."""

    code = "bad-approval"
    title = "The pattern table cannot be taken as it is"


def write_pattern_file(folder: Path) -> Path:
    """Write `patterns.csv`: a line for each pattern, with what is approved so far filled in.

    UTF-8 with a mark at its beginning, so that Excel reads it. Counts below ten are not told.
    """
    lines = lines_of(folder).sort("rows", descending=True)
    known = approvals(folder)
    joined = lines.join(known, on=KEYS, how="left", nulls_equal=True, suffix="_given")
    rows = pl.when(pl.col("rows") < _SMALL).then(pl.lit(f"<{_SMALL}"))
    told = joined.select(
        "pattern",
        *KEYS,
        rows=rows.otherwise(pl.col("rows").cast(pl.String)),
        verdict=pl.coalesce("verdict_given", "verdict"),
        approved_by=pl.col("approved_by").fill_null(""),
        approved_on=pl.col("approved_on").cast(pl.String).fill_null(""),
        mechanism="mechanism",
        reason_ja="reason_ja",
        reason_en="reason_en",
    )
    path = folder / FILE
    write_new(path, b"\xef\xbb\xbf" + told.write_csv().encode())
    return path


def lines_of(folder: Path) -> pl.DataFrame:
    """Return `PATTERNS` with the verdict, mechanism and reason that most records of a line have.

    What people approve is what the audit does with a line, as its records show it; a record that
    differs has evidence of its own. Of equally many the graver verdict counts.
    """
    machine = folder / _MACHINE
    found = kinds(machine if machine.exists() else folder / "findings.parquet")
    grave = pl.col("verdict").replace_strict({v: n for n, v in enumerate(Verdict)})
    usual = (
        found.filter(~pl.col("run"))
        .sort("rows", grave, "mechanism", "reason", descending=[True, True, False, False])
        .unique("pattern", keep="first", maintain_order=True)
    )
    told = [sentence(code) for code in usual["reason"]]
    usual = usual.select(
        "pattern",
        "verdict",
        "mechanism",
        reason_ja=pl.Series([one.ja for one in told], dtype=pl.String),
        reason_en=pl.Series([one.en for one in told], dtype=pl.String),
    )
    return table(folder, "patterns").update(usual, on="pattern")


def approve(folder: Path, file: Path) -> tuple[int, int]:
    """Take a table that was handed back; return the new version and how many lines are approved.

    Raises `BadApproval` by line. Lines without `approved_by` are not approved.
    """
    known = table(folder, "patterns").select(list(KEYS)).fill_null("").rows()
    given = _read(file, set(known))
    before = sorted((folder / _FOLDER).glob("*.parquet"))
    version = int(before[-1].stem) + 1 if before else 1
    (folder / _FOLDER).mkdir(exist_ok=True)
    content = io.BytesIO()
    merged = pl.concat([given, approvals(folder)]).unique(list(KEYS), keep="first")
    merged.sort(KEYS).write_parquet(content)
    write_new(folder / _FOLDER / f"{version:04}.parquet", content.getvalue())
    return version, len(given)


def approvals(folder: Path) -> pl.DataFrame:
    """Return the approved lines of the newest version; none where nothing was approved.

    Raises `BadApproval` where a line has a word that this version does not use: what was approved
    then is no line of today's table, and must not be dropped without a word.
    """
    found = sorted((folder / _FOLDER).glob("*.parquet"))
    if not found:
        return pl.DataFrame(schema=_APPROVALS)
    lines = pl.read_parquet(found[-1])
    for key, words in (*LEVELS, ("others", Others)):
        strange = lines[key].drop_nulls().unique().sort()
        strange = strange.filter(~strange.is_in([word.value for word in words]))
        if len(strange):
            raise BadApproval(
                f"{found[-1]}: {key} {strange[0]}: an earlier version's word, which today's levels do"
                f" not have; move {folder / _FOLDER} out of the folder and approve the lines anew"
                " (audit patterns)",
                pointer=key,
            )
    return lines


def decide(folder: Path, *, approved_only: bool) -> None:
    """Bring `findings.parquet` to what people have approved.

    An approval replaces what the pattern says, never what a record's own evidence says: a better
    fitting person, a run of shifted rows. With `approved_only` a record of a line that was never
    approved needs a person, unless it is suspected already.
    """
    path, machine = folder / "findings.parquet", folder / _MACHINE
    decided = _MARK in pl.read_parquet_metadata(path)
    given = approvals(folder).rename({"verdict": "given"})
    if not len(given) and not approved_only:
        if decided:
            machine.replace(path)
        machine.unlink(missing_ok=True)
        return
    if not decided:
        path.replace(machine)
    found = pl.scan_parquet(machine)
    lines = lines_of(folder).select("pattern", *KEYS, of_pattern="verdict")
    lines = lines.join(given, on=KEYS, how="left", nulls_equal=True)
    told = found.join(
        lines.select("pattern", "of_pattern", "given").lazy(),
        on="pattern",
        how="left",
        maintain_order="left",
    )
    by_pattern = (pl.col("verdict") == pl.col("of_pattern")) & (pl.col("run").fill_null(0) == 0)
    approved = by_pattern & pl.col("given").is_not_null()
    changed = approved & (pl.col("given") != pl.col("verdict"))
    held = (
        pl.lit(approved_only)
        & pl.col("given").is_null()
        & ~pl.col("verdict").is_in([Verdict.MISLINK, Verdict.PERSON])
    )
    whole = told.with_columns(
        verdict=pl.when(approved)
        .then("given")
        .when(held)
        .then(pl.lit(Verdict.PERSON))
        .otherwise("verdict"),
        reason=pl.when(changed)
        .then(pl.lit(APPROVED))
        .when(held)
        .then(pl.lit(UNAPPROVED))
        .otherwise("reason"),
    ).select(list(FINDINGS))
    half = folder / ".findings.half"
    whole.sink_parquet(half, compression="zstd", metadata={_MARK: "1"})
    half.replace(path)


def _read(file: Path, known: set[tuple[str, ...]]) -> pl.DataFrame:
    try:
        with open_regular(file) as handle:
            raw = handle.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise BadApproval(f"{file}: {error.strerror}") from None
    if len(raw) > FILE_BYTES_MAX:
        raise BadApproval(f"{file}: larger than {FILE_BYTES_MAX} bytes")
    try:
        text = _text(raw)
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        wanted = {*KEYS, "verdict", "approved_by", "approved_on"}
        lacking = sorted(wanted - set(reader.fieldnames or ()))
        if lacking:
            raise BadApproval(f"{file}: line 1: the column {lacking[0]} is missing")
        rows = [
            found
            for row in reader
            if (found := _line(file, reader.line_num, row, known)) is not None
        ]
    except csv.Error:
        raise BadApproval(f"{file}: not a CSV file; hand back {FILE} as it was saved") from None
    given = pl.DataFrame(rows, schema=_APPROVALS, orient="row")
    if given.select(list(KEYS)).is_duplicated().any():
        raise BadApproval(f"{file}: a pattern stands twice")
    return given


def _text(raw: bytes) -> str:
    """Return the text: UTF-8, or CP932 where Excel saved it so."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp932", errors="replace")


def _line(
    file: Path, line: int, row: dict[str, str | None], known: set[tuple[str, ...]]
) -> tuple[object, ...] | None:
    """Return an approved line; None for one that nobody approved."""

    def bad(what: str) -> BadApproval:
        return BadApproval(f"{file}: line {line}: {what}", pointer=str(line))

    by = (row["approved_by"] or "").strip()
    if not by:
        return None
    key = tuple(row[name] or "" for name in KEYS)
    if key not in known:
        raise bad("no pattern of this audit has these levels")
    if row["verdict"] not in set(Verdict):
        raise bad(f"verdict: one of {', '.join(Verdict)}")
    try:
        on = date.fromisoformat((row["approved_on"] or "").strip().replace("/", "-"))
    except ValueError:
        raise bad("approved_on: a day as YYYY-MM-DD") from None
    return (*(one or None for one in key), row["verdict"], by, on)
