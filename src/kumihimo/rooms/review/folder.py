"""Reads an audit's folder: what people have to look at, with what both sides hold of it.

Only the rows of findings that need a person leave the files, and only into the desk's database.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import polars as pl

from kumihimo.linkaudit import schema
from kumihimo.linkaudit.schema import ATTRIBUTES, Verdict
from kumihimo.linkaudit.verdicts import MINUTES
from kumihimo.rooms.review.domain.refusals import BadAuditFolder
from kumihimo.rooms.review.loading import Audit, Finding
from kumihimo.rooms.review.sides import Proposal, Sides
from kumihimo.rooms.review.store_loading import LineRow

TABLES: Final[Mapping[str, Mapping[str, Any]]] = {
    "rows": schema.ROWS,
    "snapshot": schema.SNAPSHOT,
    "patterns": schema.PATTERNS,
    "findings": schema.FINDINGS,
    "proposals": schema.PROPOSALS,
}
# What register holds of a person beside the five attributes.
MORE: Final = (
    "former_surname", "former_surname_kana", "alias", "alias_kana", "kanji", "standing",
)  # fmt: skip
_ASKED: Final = (Verdict.PERSON.value, Verdict.MISLINK.value)
SLICE: Final = 20_000
# Findings whose two sides are in memory at once, a kilobyte each: our choice. More are read in turns,
# each of which reads through the register's side anew.
TURN: Final = 250_000
_TOLD: Final = (
    "row", "record_id", "affair", "pattern", "verdict", "mechanism", "odds", "minutes", "reason", "run",
)  # fmt: skip
_RUN_DIGITS: Final = 32
_CHUNK: Final = 1 << 20


def read(folder: Path, sample: pl.Series | None = None) -> tuple[Audit, int]:
    """Return the audit in a folder, and how many findings need a person.

    `sample` are ids of records that people look at too, whatever the audit says of them. Raises
    `BadAuditFolder` where a table or a column is missing.
    """
    tables = {name: _table(folder, name) for name in TABLES if name != "proposals"}
    asked = pl.col("verdict").is_in(_ASKED)
    if sample is not None:
        asked |= pl.col("record_id").is_in(sample.implode())
    looked_at = tables["findings"].filter(asked)
    count = int(looked_at.select(pl.len()).collect().item())
    affairs = tables["findings"].select(pl.col("affair").fill_null("").unique()).collect()
    audit = Audit(
        run=run_of(folder, sample),
        affairs=sorted(affairs.to_series().to_list()),
        lines=[_line(row) for row in tables["patterns"].collect().iter_rows(named=True)],
        findings=_findings(looked_at, tables, _proposals(folder)),
    )
    return audit, count


def run_of(folder: Path, sample: pl.Series | None = None) -> str:
    """Name an audit by what it found, and by what was drawn of it."""
    digest = hashlib.sha256()
    if sample is not None:
        digest.update("\n".join(sorted(sample.to_list())).encode())
    for path in [
        one for name in ("findings", "patterns", "proposals") for one in _parts(folder, name)
    ]:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    return digest.hexdigest()[:_RUN_DIGITS]


def _parts(folder: Path, name: str) -> list[Path]:
    """Return a table's files: one, or the parts in a folder of its name."""
    whole = folder / f"{name}.parquet"
    return [whole] if whole.is_file() else sorted((folder / name).glob("*.parquet"))


def _table(folder: Path, name: str) -> pl.LazyFrame:
    path, parts = folder / f"{name}.parquet", _parts(folder, name)
    if not parts:
        raise BadAuditFolder(f"{path}: this table is missing; has the audit ended?")
    try:
        table = pl.scan_parquet(parts)
        columns = set(table.collect_schema().names())
    except (pl.exceptions.PolarsError, OSError):
        raise BadAuditFolder(f"{path}: this is no table of an audit") from None
    lacking = sorted(set(TABLES[name]) - columns)
    if lacking:
        raise BadAuditFolder(f"{path}: the column {lacking[0]} is missing")
    return table


def _proposals(folder: Path) -> pl.LazyFrame:
    """Return the proposals; an audit need not have made any."""
    if not _parts(folder, "proposals"):
        return pl.LazyFrame(schema=schema.PROPOSALS)
    return _table(folder, "proposals")


def _findings(
    looked_at: pl.LazyFrame, tables: Mapping[str, pl.LazyFrame], proposals: pl.LazyFrame
) -> Iterator[Finding]:
    own = tables["rows"].select(
        "row", "number", *(pl.col(name).alias(f"own.{name}") for name in ATTRIBUTES)
    )
    other = tables["snapshot"].select(
        "number", *(pl.col(name).alias(f"other.{name}") for name in (*ATTRIBUTES, *MORE))
    )
    proposed = proposals.select(
        "row", pl.col("number").alias("proposed"), pl.col("ground").alias("ground")
    ).unique("row")
    told = looked_at.select(_TOLD).sort("row").collect(engine="streaming")
    for turn in told.iter_slices(TURN):
        first, last = turn["row"][0], turn["row"][-1]
        mine = _of(own.filter(pl.col("row").is_between(first, last)), turn, "row")
        theirs = _of(other, mine, "number")
        whole = (
            turn.join(mine, on="row", how="left", maintain_order="left")
            .join(theirs, on="number", how="left", maintain_order="left")
            .join(_of(proposed, turn, "row"), on="row", how="left", maintain_order="left")
        )
        for some in whole.iter_slices(SLICE):
            for row in some.iter_rows(named=True):
                yield _finding(row)


def _of(table: pl.LazyFrame, wanted: pl.DataFrame, key: str) -> pl.DataFrame:
    """Return the rows of a large table that have one of the wanted keys."""
    keys = wanted.lazy().select(pl.col(key).drop_nulls().unique())
    return table.join(keys, on=key, how="semi").collect(engine="streaming")


def _finding(row: Mapping[str, Any]) -> Finding:
    proposed = row["proposed"]
    return Finding(
        row=row["row"],
        record_id=row["record_id"],
        affair=row["affair"] or "",
        pattern=row["pattern"],
        # Of what was cleared and drawn nobody is to think that a machine has settled it.
        verdict=row["verdict"] if row["verdict"] in _ASKED else Verdict.PERSON.value,
        mechanism=row["mechanism"],
        odds=row["odds"],
        minutes=row["minutes"] or MINUTES[Verdict.PERSON],
        reason=row["reason"] or "",
        shift_run=row["run"],
        sides=Sides(
            own={name: row[f"own.{name}"] or "" for name in ATTRIBUTES},
            other={
                name: value
                for name in (*ATTRIBUTES, *MORE)
                if (value := row[f"other.{name}"] or "") or name in ATTRIBUTES
            },
            number=row["number"] or "",
        ),
        proposal=Proposal(number=proposed, ground=row["ground"] or "") if proposed else None,
    )


def _line(row: Mapping[str, Any]) -> LineRow:
    return LineRow(
        pattern=row["pattern"],
        verdict=row["verdict"],
        mechanism=row["mechanism"],
        rows_found=row["rows"],
        levels=json.dumps({name: row[name] for name in ATTRIBUTES}),
        weights=json.dumps({name: row[f"w_{name}"] for name in ATTRIBUTES}),
        reason_ja=row["reason_ja"],
        reason_en=row["reason_en"],
    )
