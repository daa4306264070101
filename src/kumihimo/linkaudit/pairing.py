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
from kumihimo.linkaudit.canonical import REGISTER, Hasher
from kumihimo.linkaudit.carrying import (
    AGAIN,
    COMPARED,
    Chunk,
    Work,
    again_of,
    carry,
    changed_of,
    put_numbers,
    read_rows,
    who_of,
)
from kumihimo.linkaudit.evidence import (
    CLUES,
    PLACED,
    SPARE,
    Judged,
    judge,
    judge_addresses,
)
from kumihimo.linkaudit.folder import Stage, also_at, fingerprint, of_files, whole
from kumihimo.linkaudit.incremental import MOVED, Before, State, make_state, patterns_of
from kumihimo.linkaudit.joining import Schema, drop, load, write_plain
from kumihimo.linkaudit.nonmatches import own_rows
from kumihimo.linkaudit.registering import Registered, rules
from kumihimo.linkaudit.renewing import LINES
from kumihimo.linkaudit.setting import Setting, stretches
from kumihimo.linkaudit.towns import keep, learn, towns
from kumihimo.linkaudit.workers import Team

_VERSION: Final = 8
_TURNS: Final = 2  # of each worker, at least: who is done early takes what another would


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
class _Part:
    """Ranges of numbers whose rows are judged together."""

    work: Work
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
    heads = towns(setting.folder)
    work = Work(setting, stage.folder, before, registered.stage, prints, same, heads)
    end = setting.rows.end()
    make_state(stage.folder, end, prints, carries=work.carries)
    if (who := setting.rows.who()) is not None:
        also_at(who, who_of(stage.folder))
    known = work.known()
    task, chunks = read_rows, setting.chunks(setting.rows)
    if work.carries:
        task, chunks = carry, stretches(end, setting.sizes.rows)
    tasks = [Chunk(work, f"{n:05}", *chunk) for n, chunk in enumerate(chunks)]
    asked = sum(team.each("rows", task, tasks, [rows for _, rows in chunks]))
    if known is not None:
        if work.carries:
            put_numbers(known, stage.folder, end)
        _take_over(known, stage.folder)
    bearing = team.beside(_bear, work)
    parts = [_Part(work, some) for some in _ranges(work, asked, len(registered.partitions))]
    weights = [len(part.partitions) for part in parts]
    found = team.each("evidence", _judge, parts, weights)
    both = [_Collected(work, found, name) for name in ("clues", "spare")]
    team.each("evidence", _collect, both, [1, 1])
    bearing()
    stage.finish(registered.stage.name)
    return paired


def _ranges(work: Work, asked: int, partitions: int) -> list[tuple[int, ...]]:
    """Return which partitions are judged together; a run that goes on does as it began.

    To begin takes as long as to judge some thousand rows, and of few rows all persons are at hand.
    """
    place = work.stage / "ranges.npy"
    if not place.exists():
        parts = partitions
        if work.before:
            sizes = work.setting.sizes
            turns = _TURNS * sizes.workers
            parts = min(parts, -(-max(1, asked) // (sizes.rows * turns)) * turns)
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
    with whole(changed_of(stage.folder)) as half, half.open("wb") as file:
        np.save(file, changed)
    return stage.before


def _take_over(known: Before, stage: Path) -> None:
    """Take over the patterns of rows that stood elsewhere in the file, and were not found there yet."""
    place = stage / "moved" / "alone.arrow"
    if place.exists():
        return
    moved = known.moved(State.opened(stage))
    patterns_of(stage)[moved["row"].to_numpy()] = known.state.patterns[moved["was"].to_numpy()]
    with whole(place) as half:
        write_plain(moved, half)


def _bear(work: Work) -> None:
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
        learn(work.towns)
        judged = _judged(part)
        keep(work.towns, f"{work.stage.name}-{place.stem}")
        patterns_of(work.stage)[judged.evidence["row"].to_numpy()] = judged.evidence[
            "pattern"
        ].to_numpy()
        with whole(_spare(place)) as half:
            write_plain(judged.spare.select(list(SPARE)), half)
        with whole(place) as half:
            write_plain(judged.clues.select(list(CLUES)), half)
    for partition in part.partitions:
        drop(work.stage / "rows", partition)
        drop(again_of(work.stage), partition)
    return place


def _judged(part: _Part) -> Judged:
    """Judge rows of which all is to be compared, and those of which the address is."""
    work, registered = part.work, Registered.opened(part.work.registered)
    elsewhere = _moved(work.stage, "alone")["row"].implode()
    hasher, holder = Hasher.load(work.setting.key), work.setting.holder
    judged = list[Judged]()
    known = work.known()
    sides = _sides(part, registered, work.stage / "rows", COMPARED, REGISTER, elsewhere)
    if known is None or len(sides[0]):  # to begin takes a second, be there any or none
        judged.append(judge(sides[0], sides[1], registered.doubles, sides[2], hasher, holder))
    if known is not None:
        sides = _sides(part, registered, again_of(work.stage), AGAIN, PLACED, elsewhere)
        own = known.loose(sides[0]["row"])
        judged.append(judge_addresses(sides[0], own, sides[1], sides[2], hasher, holder))
    return Judged.of(judged)


def _sides(
    part: _Part,
    registered: Registered,
    folder: Path,
    mine: Schema,
    theirs: Schema,
    elsewhere: pl.Series,
) -> list[pl.DataFrame]:
    """Return the rows of some ranges, the persons whose numbers they carry, and their history."""
    found = [[pl.DataFrame(schema=kinds) for kinds in (mine, theirs, LINES)]]
    for partition in part.partitions:
        rows = load(folder, partition, mine)
        rows = rows.filter(~rows["row"].is_in(elsewhere))
        if not len(rows):  # to look for nobody would bring every file in from the disk
            continue
        # Of all rows everybody is needed, and to look for each would cost more than to read them.
        numbers = rows["number"].drop_nulls().unique() if part.work.before else None
        past = registered.history(partition, numbers)
        found.append([rows, registered.columns(partition, theirs, numbers), past])
    return [pl.concat(side) for side in zip(*found, strict=True)]


@attrs.frozen
class _Collected:
    """Where the clues of all parts are, and whether they or the spares are to be put together."""

    work: Work
    found: list[Path]
    name: str


def _collect(asked: _Collected) -> None:
    """Put together what was judged in parts, and what is known still of before."""
    stage, known, name = asked.work.stage, asked.work.known(), asked.name
    clues = name == "clues"
    columns = list(CLUES if clues else SPARE)
    tables = [pl.read_ipc(place if clues else _spare(place)) for place in asked.found]
    if known is not None:
        still = known.still(name, State.opened(stage), _moved(stage, "*"))
        tables.append(still.select(columns))
        if clues:
            with whole(stage / "since") as half:
                half.write_text(known.stage.name, "utf-8")
            with whole(stage / "carried.arrow") as half:
                write_plain(still.select(list(MOVED)), half)
    with whole(stage / f"{name}.arrow") as half:
        write_plain(pl.concat(tables).sort("row"), half)


def _spare(clues: Path) -> Path:
    """Return where the spares of judged rows are, beside their clues."""
    return clues.parent.with_name("spare") / clues.name
