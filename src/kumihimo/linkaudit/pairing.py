"""Stage evidence: rows meet persons, range by range of numbers; each row becomes a pattern.

Rows are read in the order of their file. Those that have to be judged are cut by range of numbers,
where their persons are; what is known of each row stands in arrays, in the order of the file.
"""

from pathlib import Path
from typing import Final

import attrs
import numpy as np
import polars as pl
from numpy.typing import NDArray

from kumihimo.linkaudit.aligning import Stood
from kumihimo.linkaudit.bearers import bearers
from kumihimo.linkaudit.canonical import Hasher, fingerprints
from kumihimo.linkaudit.evidence import CLUES, Judged, judge
from kumihimo.linkaudit.folder import Stage, also_at, fingerprint, of_files, whole
from kumihimo.linkaudit.incremental import (
    MOVED,
    NO_PATTERN,
    Before,
    State,
    make_state,
)
from kumihimo.linkaudit.joining import drop, load, save, write_plain
from kumihimo.linkaudit.nonmatches import own_rows
from kumihimo.linkaudit.registering import Registered, rules
from kumihimo.linkaudit.schema import ROWS
from kumihimo.linkaudit.setting import Setting, stretches
from kumihimo.linkaudit.workers import Team

_VERSION: Final = 6
# What is compared of a row. The other columns are read again where they are needed.
COMPARED: Final = {
    name: ROWS[name] for name in ("row", "name", "kana", "birth", "sex", "address")
} | {"number": pl.Int64}
# And of a row of which name and reading agree as they did, its pattern of before.
_ASKED: Final = {**COMPARED, "before": pl.Int32}
_PRINTED: Final = [name for name in COMPARED if name != "row"]


@attrs.frozen
class Paired:
    """The evidence, made."""

    stage: Path

    @property
    def state(self) -> State:
        """What is known of each row."""
        return State.opened(self.stage)

    def clues(self) -> pl.DataFrame:
        """Return `CLUES`, by row."""
        return pl.read_ipc(self.stage / "clues.arrow")

    def bearers(self) -> pl.DataFrame:
        """Return `BEARERS`, by row."""
        return pl.read_ipc(self.stage / "bearers.arrow")

    def carried(self) -> tuple[str, pl.DataFrame] | None:
        """Return the name of an earlier stage, and `MOVED` of the clues that are the same there.

        None where all clues are new.
        """
        place = self.stage / "carried.arrow"
        if not place.exists():
            return None
        return (self.stage / "since").read_text("utf-8"), pl.read_ipc(place)

    def own(self, persons: pl.DataFrame) -> pl.DataFrame:
        """Return the rows (`COMPARED`) of sampled persons (`REGISTER`) that fit them."""
        parts = [pl.read_ipc(file) for file in sorted((self.stage / "own").glob("*.arrow"))]
        rows = pl.concat(parts) if parts else pl.DataFrame(schema=COMPARED)
        patterns = self.state.patterns[rows["row"].to_numpy()]
        return own_rows(rows, pl.DataFrame({"pattern": patterns}), persons)


@attrs.frozen
class _Work:
    """What every task of the stage is given."""

    setting: Setting
    stage: Path
    before: Path | None  # what the last run left, where something of it can be taken over
    registered: Path
    prints: Path | None  # of the rows, where the intake left them
    same: bool  # the last run was against the same register

    @property
    def carries(self) -> bool:
        """Say whether what is known of rows is taken over without reading them."""
        return self.before is not None and self.prints is not None

    def known(self) -> Before | None:
        """Map what the last run knew."""
        return Before.opened(self.before, _changed(self.stage)) if self.before else None


@attrs.frozen
class _Chunk:
    work: _Work
    name: str
    first: int
    count: int


@attrs.frozen
class _Part:
    """Ranges of numbers whose rows are judged together."""

    work: _Work
    partitions: tuple[int, ...]

    @property
    def place(self) -> Path:
        """Where their clues are put."""
        return self.work.stage / "clues" / f"{self.partitions[0]:05}.arrow"


def pair(setting: Setting, registered: Registered, team: Team) -> Paired:
    """Make the evidence, or open it where it is made."""
    prints = setting.rows.prints()
    kind = prints.parent.name if prints else ""
    comparable = fingerprint(_VERSION, rules(setting), setting.holder, kind)
    given = (registered.stage.name, of_files(setting.rows.files))
    stage = Stage.at(setting.folder, "evidence", comparable, *given)
    paired = Paired(stage.folder)
    if stage.is_done:
        return paired
    before = _left_by(stage, registered)
    same = before is not None and (before / "done").read_text("utf-8") == registered.stage.name
    work = _Work(setting, stage.folder, before, registered.stage, prints, same)
    end = setting.rows.end()
    make_state(stage.folder, end, prints)
    if (who := setting.rows.who()) is not None:
        also_at(who, _who(stage.folder))
    known = work.known()
    task, chunks = _read, setting.chunks(setting.rows)
    if work.carries:
        task, chunks = _carry, stretches(end, setting.sizes.rows)
    tasks = [_Chunk(work, f"{n:05}", *chunk) for n, chunk in enumerate(chunks)]
    asked = sum(team.each("rows", task, tasks, [rows for _, rows in chunks]))
    if known is not None:
        _take_over(known, stage.folder)
    bearing = team.beside(_bear, work)
    parts = [_Part(work, some) for some in _ranges(work, asked, len(registered.partitions))]
    weights = [len(part.partitions) for part in parts]
    found = team.each("evidence", _judge, parts, weights)
    _collect_clues(found, known, stage.folder)
    bearing()
    stage.finish(registered.stage.name)
    return paired


def _ranges(work: _Work, asked: int, partitions: int) -> list[tuple[int, ...]]:
    """Return which partitions are judged together; a run that goes on does as it began.

    To begin takes as long as to judge some thousand rows, and of few rows all persons are at hand.
    """
    place = work.stage / "ranges.npy"
    if not place.exists():
        parts = partitions
        if work.before:
            sizes = work.setting.sizes
            parts = min(parts, -(-max(1, asked) // (sizes.rows * sizes.workers)) * sizes.workers)
        with whole(place) as half, half.open("wb") as file:
            np.save(file, np.arange(partitions) * parts // partitions)
    which = np.load(place)
    return [tuple(np.flatnonzero(which == n).tolist()) for n in range(int(which[-1]) + 1)]


def _left_by(stage: Stage, registered: Registered) -> Path | None:
    """Return the stage before, if it is known what the register says otherwise since."""
    if stage.before is None:
        return None
    changed = registered.changed_since((stage.before / "done").read_text("utf-8"))
    if changed is None:
        return None
    with whole(_changed(stage.folder)) as half, half.open("wb") as file:
        np.save(file, changed)
    return stage.before


def _who(stage: Path) -> Path:
    return stage / "who.npy"


def _changed(stage: Path) -> Path:
    return stage / "changed.npy"


def _read(chunk: _Chunk) -> int:
    """Write down what stands in some rows, and cut by number those that are to be judged.

    Returns how many these are, or a number that is not smaller.
    """
    work = chunk.work
    folder = work.stage / "rows" / chunk.name
    if folder.exists():
        return chunk.count
    rows = compared(work.setting.rows.part(chunk.first, chunk.count, COMPARED))
    at, numbers = rows["row"].to_numpy(), rows["number"].fill_null(0).to_numpy()
    if work.prints:
        prints = np.load(work.prints, mmap_mode="r")[at]
    else:
        prints = fingerprints(rows, _PRINTED).to_numpy()
    state, known = State.opened(work.stage, writes=True), work.known()
    state.numbers[at] = numbers
    if work.prints is None:
        state.prints[at] = prints
    asked = rows
    if known is not None:
        stays = known.stood(at, prints) & known.holds(numbers)
        state.patterns[at[stays]] = known.state.patterns[at[stays]]
        asked = rows.filter(pl.Series(~stays))
    registered = Registered.opened(work.registered)
    own = rows.filter(rows["number"].is_in(registered.sample.implode()))
    return _keep(chunk, own, asked, registered)


def _keep(chunk: _Chunk, own: pl.DataFrame, asked: pl.DataFrame, registered: Registered) -> int:
    with whole(chunk.work.stage / "own" / f"{chunk.name}.arrow") as half:
        write_plain(own, half)
    save(registered.partitions.cut(asked), chunk.work.stage / "rows" / chunk.name)
    return len(asked)


def _carry(chunk: _Chunk) -> int:
    """Take over what is known of a stretch of rows; read those that are new or to be judged.

    Returns what `_read` does.
    """
    work, known = chunk.work, chunk.work.known()
    assert known is not None, "there was a run before"
    assert work.prints is not None, "and fingerprints of its rows and of these"
    if (work.stage / "rows" / chunk.name).exists():
        return chunk.count
    registered = Registered.opened(work.registered)
    here = slice(chunk.first, chunk.first + chunk.count)
    prints = np.load(work.prints, mmap_mode="r")[here]
    stood = known.looked_for(chunk.first, prints)
    numbers = stood.carried(known.state.numbers, stood.known, 0)
    stays = stood.known & known.holds(numbers)
    sampled = _sampled(work, known, registered, stood, numbers)
    own = known.own(chunk.first + sampled, stood.places(sampled))
    asked, wanted = (prints != 0) & ~stays, np.zeros(chunk.count, bool)
    wanted[sampled] = True
    wanted[own["row"].to_numpy() - chunk.first] = False
    rows = compared(work.setting.rows.at(chunk.first + np.flatnonzero(asked | wanted), COMPARED))
    at = rows["row"].to_numpy() - chunk.first
    numbers[at] = rows["number"].fill_null(0).to_numpy()
    state = State.opened(work.stage, writes=True)
    state.numbers[here] = numbers
    state.patterns[here] = stood.carried(known.state.patterns, stays, NO_PATTERN)
    moved = stood.moved(stays)
    places = pl.DataFrame({"row": chunk.first + moved, "was": stood.places(moved)}, schema=MOVED)
    with whole(work.stage / "moved" / f"{chunk.name}.arrow") as half:
        write_plain(places, half)
    own = pl.concat([own, rows.filter(rows["number"].is_in(registered.sample.implode()))])
    again = rows.with_columns(_named_before(chunk, known, rows["row"].to_numpy(), numbers[at]))
    again = again.filter(pl.Series(asked[at]))
    return _keep(chunk, own.unique("row").sort("row"), again, registered)


def _named_before(
    chunk: _Chunk, known: Before, rows: NDArray[np.int64], numbers: NDArray[np.int64]
) -> pl.Series:
    """Return the pattern of before of rows that name whom they named in their place, else null.

    Of that person, her past and her namesakes the register says what it said.
    """
    then, now = (np.load(_who(stage), mmap_mode="r") for stage in (known.stage, chunk.work.stage))
    patterns = np.full(len(rows), NO_PATTERN, np.int32)
    inside = np.flatnonzero(rows < len(then))
    here = rows[inside]
    patterns[inside] = known.state.patterns[here]
    same = np.zeros(len(rows), bool)
    same[inside] = (then[here] == now[here]) & (known.state.prints[here] != 0)
    same &= (patterns != NO_PATTERN) & known.holds(numbers)
    return pl.Series("before", patterns).set(~pl.Series(same), None)


def _sampled(
    work: _Work,
    known: Before,
    registered: Registered,
    stood: Stood,
    numbers: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return which rows, counted from the first, that stood before carry a sampled person's number."""
    if not work.same:
        carry = pl.Series(numbers).is_in(registered.sample.implode()).to_numpy()
        return np.flatnonzero(stood.known & carry)
    # In the same register the same persons are sampled, and their rows were kept.
    kept = known.kept()
    if stood.was is None:
        near = kept[(kept >= stood.first) & (kept < stood.first + len(stood.known))] - stood.first
        return near[stood.known[near]]
    rows = np.zeros(1 + max(int(stood.was.max(initial=-1)), int(kept.max(initial=-1))), bool)
    rows[kept] = True
    return np.flatnonzero(stood.known & rows[stood.was])


def compared(rows: pl.DataFrame) -> pl.DataFrame:
    """Return of `ROWS` what is compared, null where the institution holds no such attribute."""
    return rows.select(
        pl.col(name).cast(kind) if name in rows.columns else pl.lit(None, kind).alias(name)
        for name, kind in COMPARED.items()
    )


def _take_over(known: Before, stage: Path) -> None:
    """Take over the patterns of rows that stood elsewhere in the file, and were not found there yet."""
    place = stage / "moved" / "alone.arrow"
    if place.exists():
        return
    now = State.opened(stage, writes=True)
    moved = known.moved(now)
    now.patterns[moved["row"].to_numpy()] = known.state.patterns[moved["was"].to_numpy()]
    with whole(place) as half:
        write_plain(moved, half)


def _bear(work: _Work) -> None:
    """Find the rows whose number stands in another row too."""
    place = work.stage / "bearers.arrow"
    if not place.exists():
        found = bearers(work.setting.rows, State.opened(work.stage), work.known())
        with whole(place) as half:
            write_plain(found, half)


def _moved(stage: Path, name: str) -> pl.DataFrame:
    found = [pl.read_ipc(place) for place in sorted((stage / "moved").glob(f"{name}.arrow"))]
    return pl.concat(found) if found else pl.DataFrame(schema=MOVED)


def _judge(part: _Part) -> Path:
    """Judge the rows of some ranges of numbers; return where their clues are.

    The rows as they were cut are needed no more then: they take as much disk as the file itself.
    """
    work, place = part.work, part.place
    if not place.exists():
        judged = _judged(part)
        state = State.opened(work.stage, writes=True)
        state.patterns[judged.evidence["row"].to_numpy()] = judged.evidence["pattern"].to_numpy()
        with whole(place) as half:
            write_plain(judged.clues.select(list(CLUES)), half)
    for partition in part.partitions:
        drop(work.stage / "rows", partition)
    return place


def _judged(part: _Part) -> Judged:
    work, registered = part.work, Registered.opened(part.work.registered)
    elsewhere = _moved(work.stage, "alone")["row"].implode()
    rows, register, history = list[pl.DataFrame](), list[pl.DataFrame](), list[pl.DataFrame]()
    for partition in part.partitions:
        mine = load(work.stage / "rows", partition, _ASKED if work.carries else COMPARED)
        mine = mine.filter(~mine["row"].is_in(elsewhere))
        # Of all rows everybody is needed, and to look for each would cost more than to read them.
        numbers = mine["number"].drop_nulls().unique() if work.before else None
        rows.append(mine)
        register.append(registered.part(partition, numbers))
        history.append(registered.history(partition, numbers))
    hasher, holder = Hasher.load(work.setting.key), work.setting.holder
    mine, *sides = (pl.concat(side) for side in (rows, register, history))
    before = mine["before"] if work.carries else None
    return judge(mine, sides[0], registered.doubles, sides[1], hasher, holder, before)


def _collect_clues(found: list[Path], known: Before | None, stage: Path) -> None:
    clues = [pl.read_ipc(place) for place in found]
    if known is not None:
        still = known.clues(State.opened(stage), _moved(stage, "*"))
        clues.append(still.select(list(CLUES)))
        with whole(stage / "since") as half:
            half.write_text(known.stage.name, "utf-8")
        with whole(stage / "carried.arrow") as half:
            write_plain(still.select(list(MOVED)), half)
    with whole(stage / "clues.arrow") as half:
        write_plain(pl.concat(clues).sort("row"), half)
