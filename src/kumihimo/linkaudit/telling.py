"""The findings as a file: what is said of each row, beside what its institution calls it.

What is said of a row is a line's, and there are some thousand lines. Row, record id and affair lie in
the rows that were taken in and are laid beside it as they lie there; where they cannot be, all is written
as one table.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import attrs
import numpy as np
import polars as pl
from numpy.typing import NDArray

from kumihimo.linkaudit import judging
from kumihimo.linkaudit.by_line import write_by_line
from kumihimo.linkaudit.ends import Slab, groups, run_of, slabs
from kumihimo.linkaudit.folder import whole
from kumihimo.linkaudit.incremental import NO_PATTERN, State
from kumihimo.linkaudit.joining import write_plain
from kumihimo.linkaudit.patterns import CASES_MAX, PATTERNS_MAX, cases
from kumihimo.linkaudit.residual import OUTCOMES
from kumihimo.linkaudit.schema import FINDINGS, Outcome
from kumihimo.linkaudit.searching import Searched
from kumihimo.linkaudit.setting import Setting, Table
from kumihimo.linkaudit.splicing import NotAlike, Strand, heights, splice, weave
from kumihimo.linkaudit.thrift import NotThrift
from kumihimo.linkaudit.verdicts import Judgement
from kumihimo.linkaudit.workers import Team

# What the findings are counted by.
COUNTED: Final = ("affair", "case", "verdict", "mechanism", "reason", "run")
# The rows of which the search or a run of shifted rows says something.
_FOUND: Final = {"row": pl.Int64, "outcome": pl.UInt8, "run": pl.Int32}
_CALLED: Final = ("row", "record_id", "affair")
_SAID: Final = [name for name in FINDINGS if name not in (*_CALLED, "run")]
_NONE: Final = OUTCOMES.index(Outcome.NONE)
_COUNTED_ROWS: Final = 4_000_000  # counted at a time
_SLAB_ROWS: Final = 2_000_000  # of a file, told at a time
# Of words a part of the findings holds codes: in Parquet they are a dictionary all the same.
_WORDS: Final = dict.fromkeys(("affair", "verdict", "mechanism", "reason"), pl.Categorical)
_WRITTEN: Final = {**FINDINGS, **_WORDS}


@attrs.frozen
class Telling:
    """What is said of every row, but by what judgement: `found` is `_FOUND` by row."""

    evidence: Path
    found: pl.DataFrame

    @classmethod
    def of(cls, evidence: Path, searched: Searched) -> "Telling":
        """Return it for the evidence of a stage and what the search found."""
        runs = searched.runs.select("row", "run")
        both = searched.residual.select("row", "outcome").join(
            runs, on="row", how="full", coalesce=True
        )
        filled = both.with_columns(pl.col("outcome").fill_null(_NONE), pl.col("run").fill_null(0))
        told = filled.select(pl.col(name).cast(kind) for name, kind in _FOUND.items())
        return cls(evidence, told.sort("row"))

    def counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return how many rows there are of each case, and how many of them in runs."""
        patterns = State.opened(self.evidence).patterns
        by_pattern = np.zeros(PATTERNS_MAX, np.int64)
        for first in range(0, len(patterns), _COUNTED_ROWS):
            some = patterns[first : first + _COUNTED_ROWS]
            by_pattern += np.bincount(some[some != NO_PATTERN], minlength=PATTERNS_MAX)
        counts = np.zeros(CASES_MAX, np.int64)
        everything = np.arange(PATTERNS_MAX, dtype=np.int32)
        counts[cases(everything, np.full(PATTERNS_MAX, _NONE, np.uint8))] = by_pattern
        mine = patterns[self.found["row"].to_numpy()]
        outcomes = self.found["outcome"].to_numpy()
        counts -= _by_case(cases(mine, np.full(len(mine), _NONE, np.uint8)))
        found = cases(mine, outcomes)
        counts += _by_case(found)
        return counts, _by_case(found[self.found["run"].to_numpy() > 0])

    def tell(
        self,
        setting: Setting,
        lines: pl.DataFrame,
        stage: Path,
        team: Team,
        says: Callable[[pl.DataFrame], Mapping[str, str]],
    ) -> pl.DataFrame:
        """Leave the findings in the folder of an audit; return rows by `COUNTED`.

        `lines` is `judging.lines`; `says` tells from the counts what the file says of itself. Parts are
        made in a stage's folder.
        """
        places = np.zeros(2 * CASES_MAX, np.uint32)
        places[lines["case"].to_numpy() * 2 + lines["run"].to_numpy()] = np.arange(len(lines))
        np.save(stage / "places.npy", places)
        write_plain(lines, stage / "lines.arrow")
        write_plain(self.found, stage / "found.arrow")
        for task, parts in (
            (_lay, self._files(setting, stage)),
            (_write, self._chunks(setting, stage)),
        ):
            told = team.in_order("findings", task, parts, [part.count for part in parts])
            counted = _put(parts, told, setting.folder / "findings.parquet", lines, says)
            if counted is not None:
                return counted
        raise AssertionError("what was written as one table is alike")

    def _files(self, setting: Setting, stage: Path) -> list["_Part"]:
        places, ordered = enumerate(setting.rows.files), setting.rows.prints() is not None
        sized = [(n, file, sum(heights(file))) for n, file in places]
        return [
            _Part(Table(file), stage, self.evidence, f"laid-{n:06}", 0, size, file, ordered)
            for n, file, size in sized
            if size
        ]

    def _chunks(self, setting: Setting, stage: Path) -> list["_Part"]:
        chunks = enumerate(setting.chunks(setting.rows))
        return [
            _Part(setting.rows, stage, self.evidence, f"part-{n:06}", *chunk) for n, chunk in chunks
        ]


def _put(
    parts: Sequence["_Part"],
    told: Iterator[pl.DataFrame | None],
    place: Path,
    lines: pl.DataFrame,
    says: Callable[[pl.DataFrame], Mapping[str, str]],
) -> pl.DataFrame | None:
    """Put the parts, in their order and each once it is told of, into one file; return rows by `COUNTED`.

    None: that could not be done.
    """
    found: list[pl.DataFrame] = []

    def each() -> Iterator[list[Strand]]:
        for part, counts in zip(parts, told, strict=True):
            if counts is None:
                raise NotAlike("its columns cannot be taken as they lie")
            found.append(counts)
            yield part.strands
            part.place.unlink()  # before the system has brought it to the disk

    def counted() -> pl.DataFrame:
        by_line = pl.concat(found).join(lines.with_row_index("line"), on="line")
        return by_line.group_by(COUNTED).agg(pl.col("rows").sum()).sort(COUNTED)

    try:
        with whole(place) as half:
            weave(each(), half, lambda: says(counted()))
    except (NotAlike, NotThrift):
        return None
    return counted()


def _by_case(found: NDArray[np.int32]) -> NDArray[np.int64]:
    return np.bincount(found, minlength=CASES_MAX).astype(np.int64)


@attrs.frozen
class _Part:
    """A stretch of rows, and where what is said of them is put."""

    rows: Table
    stage: Path
    evidence: Path
    name: str
    first: int
    count: int
    laid: Path | None = None  # the file of the rows, where what they are called is taken as it lies
    ordered: bool = False  # an intake laid them in their order

    @property
    def place(self) -> Path:
        """Where its findings are put."""
        return self.stage / "parts" / f"{self.name}.parquet"

    @property
    def strands(self) -> list[Strand]:
        """Where each column of its findings stands."""
        called = self.laid or self.place
        return [Strand(called if n in _CALLED else self.place, n, n) for n in FINDINGS]

    def lines(self, columns: list[str]) -> pl.DataFrame:
        """Return some columns of the lines."""
        return pl.read_ipc(self.stage / "lines.arrow", columns=columns)


def _lay(part: _Part) -> pl.DataFrame | None:
    """Put down what is said of a file's rows, to be laid beside them; return affair, line and rows.

    None: its columns cannot be taken as they lie.
    """
    assert part.laid is not None, "a file of rows"
    held = part.rows.scan().collect_schema()
    if any(held[name] != FINDINGS[name] for name in _CALLED):
        return None
    lines = part.lines(_SAID)
    counted: list[pl.DataFrame] = []
    with TemporaryDirectory(dir=part.stage) as folder, whole(part.place) as half:
        each: list[Path] = []
        for slab in slabs(groups(part.laid, ("row", "affair")), _SLAB_ROWS):
            line, runs = _lines_of(part, _rows(part, slab))
            each.append(Path(folder) / f"{slab.first}")
            write_by_line(each[-1], lines, line, {"run": runs}, slab.tall)
            counted.append(_counted(_affairs(part, slab), line, len(lines)))
        if len(each) > 1:
            splice(each, half)
        else:
            each[0].replace(half)
    return pl.concat(counted)


@attrs.frozen(eq=False)
class _Stretch:
    """Rows from `first` on: all of so many, or those that are `told`, counted from the first."""

    first: int
    count: int
    told: NDArray[np.int64] | None

    @classmethod
    def of(cls, rows: NDArray[np.int64]) -> "_Stretch":
        first, count = int(rows.min()), int(rows.max()) + 1 - int(rows.min())
        if len(rows) == count and bool((rows[1:] > rows[:-1]).all()):
            return cls(first, count, None)
        return cls(first, count, rows - first)


def _rows(part: _Part, slab: Slab) -> _Stretch:
    """Return which rows a slab has; where an intake laid them in order, as its groups say."""
    first = run_of(slab.groups, "row") if part.ordered else None
    if first is not None:
        return _Stretch(first, sum(slab.tall), None)
    return _Stretch.of(part.rows.part(slab.first, sum(slab.tall), ("row",))["row"].to_numpy())


def _affairs(part: _Part, slab: Slab) -> pl.Series:
    """Return the affairs of a slab's rows; of only one, that alone."""
    only = {ends.only if ends else None for ends in (g.ends["affair"] for g in slab.groups)}
    told = only.pop() if len(only) == 1 else None
    if told is not None:
        return pl.Series("affair", [told.decode()])
    return part.rows.part(slab.first, sum(slab.tall), ("affair",))["affair"]


def _write(part: _Part) -> pl.DataFrame:
    """Write the findings of a stretch of rows as a table; return affair, line and rows."""
    rows = part.rows.part(part.first, part.count, _CALLED)
    rows = rows.with_columns(pl.col("affair").cast(_WRITTEN["affair"]))
    lines = part.lines(_SAID)
    line, runs = _lines_of(part, _Stretch.of(rows["row"].to_numpy()))
    table = judging.findings(rows, lines, pl.Series("line", line), runs, _WRITTEN)
    with whole(part.place) as half:
        table.write_parquet(half, compression="lz4")
    return _counted(rows["affair"].cast(pl.String), line, len(lines))


def _lines_of(part: _Part, rows: _Stretch) -> tuple[NDArray[np.uint32], NDArray[np.int32]]:
    """Return of each row the line that is said of it, and its run (0: none)."""
    found = pl.read_ipc(part.stage / "found.arrow")
    low, high = found["row"].search_sorted(pl.Series([rows.first, rows.first + rows.count]))
    found = found[low:high]
    at = found["row"].to_numpy() - rows.first
    patterns = State.opened(part.evidence).patterns[rows.first : rows.first + rows.count]
    places = np.load(part.stage / "places.npy", mmap_mode="r")
    # The search says something of few rows: of the others a line hangs on the pattern alone.
    everything = np.arange(PATTERNS_MAX, dtype=np.int32)
    alone = places[cases(everything, np.full(PATTERNS_MAX, _NONE, np.uint8)) * np.int32(2)]
    line, runs = alone[patterns], np.zeros(rows.count, np.int32)
    runs[at] = found["run"].to_numpy()
    case = cases(patterns[at], found["outcome"].to_numpy())
    line[at] = places[case * np.int32(2) + (runs[at] > 0)]
    return (line, runs) if rows.told is None else (line[rows.told], runs[rows.told])


def _counted(affairs: pl.Series, line: NDArray[np.uint32], lines: int) -> pl.DataFrame:
    """Return affair, line and rows; one affair may stand for all."""
    words = affairs.unique(maintain_order=True)
    codes = line
    if len(words) > 1:
        told = words.to_frame("affair").with_row_index("code")
        both = affairs.to_frame("affair").join(
            told, on="affair", how="left", nulls_equal=True, maintain_order="left"
        )
        codes = both["code"].to_numpy().astype(np.int64) * lines + line
    counts = np.bincount(codes, minlength=lines * len(words))
    seen = np.flatnonzero(counts)
    return pl.DataFrame(
        {
            "affair": words.gather(seen // lines),
            "line": pl.Series(seen % lines, dtype=pl.UInt32),
            "rows": pl.Series(counts[seen], dtype=pl.Int64),
        }
    )


def seen_lines(
    counts: NDArray[np.int64], shifted: NDArray[np.int64], judgement: Judgement
) -> pl.DataFrame:
    """Return `judging.lines` of all cases of which there are rows."""
    alone, in_runs = (np.flatnonzero(some).astype(np.int32) for some in (counts - shifted, shifted))
    in_run = np.repeat(np.array([0, 1], np.int32), [len(alone), len(in_runs)])
    return judging.lines(np.concatenate([alone, in_runs]), in_run, judgement)
