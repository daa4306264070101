"""An audit is a folder: each stage reads tables, writes one, and is not done twice.

1. register: the snapshot in canonical columns; whom it holds twice by name and birth date
2. evidence: each row beside its person, as a pattern; clues of what agreement does not settle
3. residual: who fits better than the linked person; runs of shifted rows
4. findings: the mechanisms behind the patterns and their rates; a verdict for every row

A run that was stopped, however, goes on where it was when the same is asked again.
"""

from pathlib import Path

import attrs
import polars as pl

from kumihimo.linkaudit.finding import find, looking, measuring
from kumihimo.linkaudit.pairing import pair
from kumihimo.linkaudit.registering import register
from kumihimo.linkaudit.schema import Mechanism, Verdict
from kumihimo.linkaudit.searching import search
from kumihimo.linkaudit.setting import Setting, Sizes, Table
from kumihimo.linkaudit.workers import Progress, Team, quiet

MEMORY_GIB: float = 8.0


@attrs.frozen
class Summary:
    """What an audit found, in counts of rows."""

    rows: int
    verdicts: dict[Verdict, int]
    mislinks: dict[Mechanism, int]  # suspected, by mechanism


@attrs.frozen
class Audit:
    """The tables of an audit that was run."""

    folder: Path

    @classmethod
    def open(cls, folder: Path) -> "Audit":
        """Open the folder of an audit."""
        return cls(folder)

    def scan(self, table: str) -> pl.LazyFrame:
        """Return `findings`, `patterns`, `proposals`, `collisions` or `estimates`, unread."""
        return Table(self.folder / f"{table}.parquet").scan()


def run(
    folder: Path,
    *,
    rows: Path,
    snapshot: Path,
    key: Path,
    history: Path | None = None,
    holder: str = "",
    memory_gib: float = MEMORY_GIB,
    progress: Progress = quiet,
    team: Team | None = None,
) -> Summary:
    """Audit `ROWS` against a `SNAPSHOT`; leave the tables of `schema` in the folder.

    Inputs are Parquet files, or folders of them. `key` is a key file (`canonical.make_key`) that
    lies outside the folder. `holder` is the code of the municipality whose office keeps the rows: what
    its addresses leave out is restored. Without a team one is called together, which tells `progress`. Raises
    `BadSnapshot`, `KeyFileUnsafe`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    before = Table(history) if history else None
    sizes = Sizes.of(memory_gib)
    setting = Setting(folder, Table(rows), Table(snapshot), before, key, sizes, holder)
    return carry_out(setting, progress, team)


def carry_out(setting: Setting, progress: Progress, team: Team | None = None) -> Summary:
    """Do the stages of one audit, each unless it is done."""
    if team is None:
        with Team.at_work(setting.workers(), progress) as called:
            return carry_out(setting, progress, called)
    registered = register(setting, team)
    paired = pair(setting, registered, team)
    nonmatches = measuring(setting, registered, paired, team)
    accounts = looking(setting, team)
    searched = search(setting, registered, paired, team)
    accounts()
    return summary(find(setting, registered, paired, searched, nonmatches, team))


def summary(told: pl.DataFrame) -> Summary:
    """Return what an audit found from its rows by verdict and mechanism."""
    verdicts = {verdict: _rows(told.filter(pl.col("verdict") == verdict)) for verdict in Verdict}
    suspected = told.filter(pl.col("verdict") == Verdict.MISLINK)
    mislinks = {m: _rows(suspected.filter(pl.col("mechanism") == m)) for m in Mechanism}
    return Summary(_rows(told), verdicts, mislinks)


def _rows(told: pl.DataFrame) -> int:
    return int(told["rows"].sum())
