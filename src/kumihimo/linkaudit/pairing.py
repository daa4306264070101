"""Stage evidence: rows meet persons, range by range of numbers; each row becomes a pattern.

Rows are read in the order of their file. Those that have to be judged are cut by range of numbers,
where their persons are; what is known of each row stands in arrays, in the order of the file.
"""

from pathlib import Path
from typing import Final

import attrs
import numpy as np
import polars as pl

from kumihimo.linkaudit.bearers import bearers
from kumihimo.linkaudit.canonical import Hasher, fingerprints
from kumihimo.linkaudit.evidence import CLUES, judge
from kumihimo.linkaudit.folder import Stage, fingerprint, of_files, whole
from kumihimo.linkaudit.incremental import MOVED, Before, State, make_state
from kumihimo.linkaudit.joining import drop, load, save, write_plain
from kumihimo.linkaudit.nonmatches import own_rows
from kumihimo.linkaudit.registering import Registered, rules
from kumihimo.linkaudit.schema import ROWS
from kumihimo.linkaudit.setting import Setting, stretches
from kumihimo.linkaudit.workers import Team

_VERSION: Final = 5
# What is compared of a row. The other columns are read again where they are needed.
COMPARED: Final = {
    name: ROWS[name] for name in ("row", "name", "kana", "birth", "sex", "address")
} | {"number": pl.Int64}
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
    work: _Work
    partition: int


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
    work = _Work(setting, stage.folder, _left_by(stage, registered), registered.stage, prints)
    last = setting.rows.scan().select(pl.col("row").max()).collect().item()
    make_state(stage.folder, 1 + (last or 0))
    known = work.known()
    task, chunks = _read, setting.chunks(setting.rows)
    if known is not None and prints is not None:
        task, chunks = _carry, stretches(1 + (last or 0), setting.sizes.rows)
    tasks = [_Chunk(work, f"{n:05}", *chunk) for n, chunk in enumerate(chunks)]
    team.each("rows", task, tasks, [rows for _, rows in chunks])
    if known is not None:
        _take_over(known, stage.folder)
    bearing = team.beside(_bear, work)
    parts = [_Part(work, n) for n in range(len(registered.partitions))]
    weights = [registered.persons // len(parts)] * len(parts)
    found = team.each("evidence", _judge, parts, weights)
    _collect_clues(found, known, stage.folder)
    bearing()
    stage.finish(registered.stage.name)
    return paired


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


def _changed(stage: Path) -> Path:
    return stage / "changed.npy"


def _read(chunk: _Chunk) -> None:
    """Write down what stands in some rows, and cut by number those that are to be judged."""
    work = chunk.work
    folder = work.stage / "rows" / chunk.name
    if folder.exists():
        return
    rows = compared(work.setting.rows.part(chunk.first, chunk.count, COMPARED))
    at, numbers = rows["row"].to_numpy(), rows["number"].fill_null(0).to_numpy()
    if work.prints:
        prints = np.load(work.prints, mmap_mode="r")[at]
    else:
        prints = fingerprints(rows, _PRINTED).to_numpy()
    state, known = State.opened(work.stage, writes=True), work.known()
    state.prints[at], state.numbers[at] = prints, numbers
    asked = rows
    if known is not None:
        stays = known.stood(at, prints) & known.holds(numbers)
        state.patterns[at[stays]] = known.state.patterns[at[stays]]
        asked = rows.filter(pl.Series(~stays))
    registered = Registered.opened(work.registered)
    own = rows.filter(rows["number"].is_in(registered.sample.implode()))
    _keep(chunk, own, asked, registered)


def _keep(chunk: _Chunk, own: pl.DataFrame, asked: pl.DataFrame, registered: Registered) -> None:
    with whole(chunk.work.stage / "own" / f"{chunk.name}.arrow") as half:
        write_plain(own, half)
    save(registered.partitions.cut(asked), chunk.work.stage / "rows" / chunk.name)


def _carry(chunk: _Chunk) -> None:
    """Take over what is known of a stretch of rows; read those that are new or to be judged."""
    work, known = chunk.work, chunk.work.known()
    assert known is not None, "there was a run before"
    assert work.prints is not None, "and fingerprints of its rows and of these"
    if (work.stage / "rows" / chunk.name).exists():
        return
    registered = Registered.opened(work.registered)
    here = slice(chunk.first, chunk.first + chunk.count)
    prints = np.load(work.prints, mmap_mode="r")[here]
    was = known.was(chunk.first, prints)
    stood = np.flatnonzero(was >= 0)
    numbers = np.zeros(chunk.count, np.int64)
    numbers[stood] = known.state.numbers[was[stood]]
    stays = stood[known.holds(numbers[stood])]
    sampled = stood[pl.Series(numbers[stood]).is_in(registered.sample.implode()).to_numpy()]
    own = known.own(chunk.first + sampled, was[sampled])
    asked, wanted = prints != 0, np.zeros(chunk.count, bool)
    asked[stays] = False
    wanted[sampled] = True
    wanted[own["row"].to_numpy() - chunk.first] = False
    rows = compared(work.setting.rows.at(chunk.first + np.flatnonzero(asked | wanted), COMPARED))
    at = rows["row"].to_numpy() - chunk.first
    numbers[at] = rows["number"].fill_null(0).to_numpy()
    state = State.opened(work.stage, writes=True)
    state.prints[here], state.numbers[here] = prints, numbers
    state.patterns[chunk.first + stays] = known.state.patterns[was[stays]]
    places = pl.DataFrame({"row": chunk.first + stays, "was": was[stays]}, schema=MOVED)
    with whole(work.stage / "moved" / f"{chunk.name}.arrow") as half:
        write_plain(places.filter(pl.col("row") != pl.col("was")), half)
    own = pl.concat([own, rows.filter(rows["number"].is_in(registered.sample.implode()))])
    _keep(chunk, own.unique("row").sort("row"), rows.filter(pl.Series(asked[at])), registered)


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
    """Judge the rows of a range of numbers; return where their clues are.

    The rows as they were cut are needed no more then: they take as much disk as the file itself.
    """
    work = part.work
    place = work.stage / "clues" / f"{part.partition:05}.arrow"
    cut = work.stage / "rows"
    if place.exists():
        drop(cut, part.partition)
        return place
    rows = load(cut, part.partition, COMPARED)
    rows = rows.filter(~rows["row"].is_in(_moved(work.stage, "alone")["row"].implode()))
    registered = Registered.opened(work.registered)
    # Of all rows everybody is needed, and to look for each would cost more than to read them.
    register = registered.part(part.partition, rows["number"] if work.before else None)
    history = registered.history(part.partition)
    hasher = Hasher.load(work.setting.key)
    holder = work.setting.holder
    judged = judge(rows, register, registered.doubles, history, hasher, holder)
    state = State.opened(work.stage, writes=True)
    state.patterns[judged.evidence["row"].to_numpy()] = judged.evidence["pattern"].to_numpy()
    with whole(place) as half:
        write_plain(judged.clues.select(list(CLUES)), half)
    drop(cut, part.partition)
    return place


def _collect_clues(found: list[Path], known: Before | None, stage: Path) -> None:
    clues = [pl.read_ipc(place) for place in found]
    if known is not None:
        carried = known.clues(State.opened(stage), _moved(stage, "*"))
        clues.append(carried.select(list(CLUES)))
        with whole(stage / "since") as half:
            half.write_text(known.stage.name, "utf-8")
        with whole(stage / "carried.arrow") as half:
            write_plain(carried.select(list(MOVED)), half)
    with whole(stage / "clues.arrow") as half:
        write_plain(pl.concat(clues).sort("row"), half)
