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
    path = folder / f"{name}.parquet"
    try:
        with open_regular(path) as file:
            columns = pl.read_parquet_schema(file)
    except (OSError, ValueError, pl.exceptions.PolarsError):
        raise NoAudit(f"{path}: missing or no table; run `kumihimo audit run` again") from None
    lacking = [column for column in TABLES[name] if column not in columns]
    if lacking:
        raise NoAudit(f"{path}: the column {lacking[0]} is missing")
    return pl.scan_parquet(path).select(list(TABLES[name]))


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
