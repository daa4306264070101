"""The tables of a finished audit as files: where they are, and that they are whole."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import polars as pl

from kumihimo.kernel.files import open_regular, write_new
from kumihimo.kernel.refusal import BadInput
from kumihimo.linkaudit import schema
from kumihimo.linkaudit.intake.taking import Taken
from kumihimo.linkaudit.reasons import SENTENCES, Reason, Sentence

ABOUT: Final = "audit.json"
TABLES: Final[Mapping[str, Mapping[str, Any]]] = {
    "findings": schema.FINDINGS,
    "patterns": schema.PATTERNS,
    "estimates": schema.ESTIMATES,
    "bad_rows": schema.BAD_ROWS,
    "collisions": schema.COLLISIONS,
    "holders": schema.HOLDERS,
}
# How many findings there are of each kind, whose rows stand in a run of shifted ones or do not.
KINDS: Final = {
    "pattern": pl.Int32,
    "verdict": pl.String,
    "mechanism": pl.String,
    "reason": pl.String,
    "run": pl.Boolean,
    "rows": pl.Int64,
}
# Who writes a file of findings may say so in it: to count 82 million takes as long as to read them.
KINDS_MARK: Final = "kumihimo.kinds"
_IN_RUN: Final = pl.col("run").fill_null(0) != 0


class NoAudit(BadInput):
    """The folder does not hold a finished audit."""

    code = "no-audit"
    title = "The folder does not hold a finished audit"


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What an audit is of. `taken` is what came of each file; names of files are not kept."""

    institution: str
    affair: str
    without: tuple[str, ...]
    number_space: str
    ended: str
    taken: list[Taken]
    approved_only: bool = False


def write_about(folder: Path, about: About) -> None:
    """Say what the audit in a folder is of."""
    write_new(folder / ABOUT, msgspec.json.format(msgspec.json.encode(about)))


def read_about(folder: Path) -> About:
    """Return what the audit in a folder is of. Raises `NoAudit`."""
    try:
        return msgspec.json.decode((folder / ABOUT).read_bytes(), type=About)
    except (OSError, ValueError, msgspec.DecodeError):
        raise NoAudit(
            f"{folder}: has no readable {ABOUT}; run `kumihimo audit run` first"
        ) from None


def scan(folder: Path, name: str) -> pl.LazyFrame:
    """Return a table of an audit unread, with the columns of `schema`. Raises `NoAudit`."""
    return _scan(folder / f"{name}.parquet", name)


def _scan(path: Path, name: str) -> pl.LazyFrame:
    try:
        with open_regular(path) as file:
            columns = pl.read_parquet_schema(file)
    except (OSError, ValueError, pl.exceptions.PolarsError):
        raise NoAudit(f"{path}: missing or no table; run `kumihimo audit run` again") from None
    lacking = [column for column in TABLES[name] if column not in columns]
    if lacking:
        raise NoAudit(f"{path}: the column {lacking[0]} is missing")
    return pl.scan_parquet(path).select(list(TABLES[name]))


def kinds(path: Path) -> pl.DataFrame:
    """Return `KINDS` of a file of findings: as it tells them itself, else counted. Raises `NoAudit`."""
    found = _scan(path, "findings")
    told = pl.read_parquet_metadata(path).get(KINDS_MARK)
    if told is not None:
        lines = msgspec.json.decode(told, type=list[tuple[int, str, str, str, bool, int]])
        return pl.DataFrame(lines, schema=KINDS, orient="row")
    by = found.group_by(*(name for name in KINDS if name not in {"run", "rows"}), run=_IN_RUN)
    counted = by.agg(rows=pl.len().cast(pl.Int64)).collect(engine="streaming")
    return counted.select(list(KINDS))


def told_of_kinds(found: pl.DataFrame) -> str:
    """Return `KINDS` as a file of findings tells them of itself, under `KINDS_MARK`."""
    return msgspec.json.encode(found.rows()).decode()


def table(folder: Path, name: str) -> pl.DataFrame:
    """Return a table of an audit. Raises `NoAudit`."""
    return scan(folder, name).collect()


APPROVED: Final = "approved"
UNAPPROVED: Final = "unapproved"
_OF_PEOPLE: Final = {
    APPROVED: Sentence("判定表のこの行を人が承認しました。", "A person has approved this line of the pattern table."),
    UNAPPROVED: Sentence(
        "判定表のこの行はまだ承認されていないので、人が確かめます。",
        "This line of the pattern table was never approved, so a person has to look.",
    ),
}  # fmt: skip


def sentence(code: str) -> Sentence:
    """Return the sentence of a reason, be it of the engine or of a person's approval."""
    if code in _OF_PEOPLE:
        return _OF_PEOPLE[code]
    return SENTENCES[Reason(code)] if code in set(Reason) else Sentence(code, code)
