"""What is known of an institution's rows before any is judged: taken over, or read.

Rows are read in the order of their file. Those that have to be judged are cut by range of numbers,
where their persons are; what is known of each row stands in arrays, in the order of the file.
"""

import shutil
from pathlib import Path
from typing import Final

import attrs
import numpy as np
import polars as pl
from numpy.typing import NDArray

from kumihimo.linkaudit.aligning import Stood
from kumihimo.linkaudit.canonical import fingerprints
from kumihimo.linkaudit.folder import whole
from kumihimo.linkaudit.incremental import (
    MOVED,
    NO_PATTERN,
    Before,
    State,
    carry_numbers,
    patterns_of,
    standing,
)
from kumihimo.linkaudit.joining import save, write_plain
from kumihimo.linkaudit.registering import Registered
from kumihimo.linkaudit.schema import ROWS
from kumihimo.linkaudit.setting import Setting

# What is compared of a row. The other columns are read again where they are needed.
COMPARED: Final = {
    name: ROWS[name] for name in ("row", "name", "kana", "birth", "sex", "address")
} | {"number": pl.Int64}
# And of a row of which nothing but the address is new, with its pattern of before.
AGAIN: Final = {name: COMPARED[name] for name in ("row", "number", "address")} | {
    "before": pl.Int32
}
_PRINTED: Final = [name for name in COMPARED if name != "row"]


@attrs.frozen
class Work:
    """What every task of the stage is given."""

    setting: Setting
    stage: Path
    before: Path | None  # what the last run left, where something of it can be taken over
    registered: Path
    prints: Path | None  # of the rows, where the intake left them
    same: bool  # the last run was against the same register
    towns: Path  # what addresses were read as

    @property
    def carries(self) -> bool:
        """Say whether what is known of rows is taken over without reading them."""
        return self.before is not None and self.prints is not None

    def known(self) -> Before | None:
        """Map what the last run knew."""
        return Before.opened(self.before, changed_of(self.stage)) if self.before else None


@attrs.frozen
class Chunk:
    """A stretch of rows of the file."""

    work: Work
    name: str
    first: int
    count: int


def who_of(stage: Path) -> Path:
    """Return where a stage keeps fingerprints of whom its rows name."""
    return stage / "who.npy"


def changed_of(stage: Path) -> Path:
    """Return where it keeps the numbers of which the register says something new."""
    return stage / "changed.npy"


def read_rows(chunk: Chunk) -> int:
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


def _keep(chunk: Chunk, own: pl.DataFrame, asked: pl.DataFrame, registered: Registered) -> int:
    with whole(chunk.work.stage / "own" / f"{chunk.name}.arrow") as half:
        write_plain(own, half)
    save(registered.partitions.cut(asked), chunk.work.stage / "rows" / chunk.name)
    return len(asked)


def carry(chunk: Chunk) -> int:
    """Take over what is known of a stretch of rows; read those that are new or to be judged.

    Returns what `read_rows` does.
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
    # Against the same register the numbers of rows that stand where they stood are not asked for.
    few = work.same and stood.was is None
    if few:
        numbers, stays = np.zeros(chunk.count, np.int64), stood.known
    else:
        numbers = stood.carried(known.state.numbers, stood.known, 0)
        stays = stood.known & known.holds(numbers)
    asked = (prints != 0) & ~stays
    again = _named_before(chunk, known, asked)
    numbers[again] = known.state.numbers[chunk.first + again]
    sampled = _sampled(work, known, registered, stood, numbers)
    own = known.own(chunk.first + sampled, stood.places(sampled))
    again, kept = _kept_of(known, registered, chunk.first + again, numbers[again])
    asked[again - chunk.first], wanted = False, np.zeros(chunk.count, bool)
    wanted[sampled] = True
    wanted[own["row"].to_numpy() - chunk.first] = False
    rows = compared(work.setting.rows.at(chunk.first + np.flatnonzero(asked | wanted), COMPARED))
    at = rows["row"].to_numpy() - chunk.first
    numbers[at] = rows["number"].fill_null(0).to_numpy()
    others = np.flatnonzero(~stood.known) if few else np.arange(chunk.count)
    _keep_numbers(chunk, known, others, numbers[others])
    _carry_patterns(chunk, known, stood.carried(known.state.patterns, stays, NO_PATTERN), again)
    moved = stood.moved(stays)
    places = pl.DataFrame({"row": chunk.first + moved, "was": stood.places(moved)}, schema=MOVED)
    with whole(work.stage / "moved" / f"{chunk.name}.arrow") as half:
        write_plain(places, half)
    addressed = _addressed(chunk, known, again, numbers[again - chunk.first])
    save(registered.partitions.cut(addressed), again_of(work.stage) / chunk.name)
    kept = kept.drop("address").join(addressed.select("row", "address"), on="row")
    mine = rows.filter(rows["number"].is_in(registered.sample.implode()))
    own = pl.concat([own, kept.select(own.columns), mine])
    rows = rows.filter(pl.Series(asked[at]))
    return len(again) + _keep(chunk, own.unique("row").sort("row"), rows, registered)


def _carry_patterns(
    chunk: Chunk, known: Before, carried: NDArray[np.int32], again: NDArray[np.int64]
) -> None:
    """Put down the patterns of a stretch, and those that are judged again, by their address, as they were.

    Who has one is not looked for elsewhere in the file.
    """
    patterns = patterns_of(chunk.work.stage)
    patterns[chunk.first : chunk.first + chunk.count] = carried
    patterns[again] = known.state.patterns[again]


def _addressed(
    chunk: Chunk, known: Before, rows: NDArray[np.int64], numbers: NDArray[np.int64]
) -> pl.DataFrame:
    """Return `AGAIN` of some rows."""
    read = compared(chunk.work.setting.rows.at(rows, ("row", "address")))
    before = pl.Series("before", known.state.patterns[rows])
    return read.with_columns(before, number=pl.Series(numbers)).select(list(AGAIN))


def _keep_numbers(
    chunk: Chunk, known: Before, some: NDArray[np.int64], numbers: NDArray[np.int64]
) -> None:
    """Keep those numbers of some rows, counted from the first, that did not stand in their place."""
    rows = chunk.first + some
    other = numbers != standing(known.state.numbers, rows)
    with whole(_numbers(chunk.work.stage) / f"{chunk.name}.arrow") as half:
        write_plain(pl.DataFrame({"row": rows[other], "number": numbers[other]}), half)


def put_numbers(known: Before, stage: Path, size: int) -> None:
    """Make the array of the numbers of rows below `size` from that of before, once all are carried."""
    if not (stage / "numbers.npy").exists():
        edits = pl.concat(pl.read_ipc(x) for x in sorted(_numbers(stage).glob("*.arrow")))
        carry_numbers(known, stage, size, edits)
    shutil.rmtree(_numbers(stage), ignore_errors=True)


def _numbers(stage: Path) -> Path:
    return stage / "numbers"


def again_of(stage: Path) -> Path:
    """Return where rows are cut to that are judged by their address."""
    return stage / "again"


def _named_before(chunk: Chunk, known: Before, asked: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return which of some rows, counted from the first, have nothing new in their place but the address.

    Of their person, her past and her namesakes the register says what it said.
    """
    then, now = (np.load(who_of(stage), mmap_mode="r") for stage in (known.stage, chunk.work.stage))
    here = np.flatnonzero(asked)
    here = here[chunk.first + here < len(then)]
    rows = chunk.first + here
    same = (then[rows] == now[rows]) & (known.state.prints[rows] != 0)
    same &= (known.state.patterns[rows] != NO_PATTERN) & known.holds(known.state.numbers[rows])
    return here[same]


def _kept_of(
    known: Before, registered: Registered, rows: NDArray[np.int64], numbers: NDArray[np.int64]
) -> tuple[NDArray[np.int64], pl.DataFrame]:
    """Return which rows need no more than their address read, and those kept whole among them.

    One that carries a sampled person's number and was not kept is read whole.
    """
    sampled = pl.Series(numbers).is_in(registered.sample.implode()).to_numpy()
    kept = known.own(rows[sampled], rows[sampled])
    lacking = sampled & ~np.isin(rows, kept["row"].to_numpy())
    return rows[~lacking], kept


def _sampled(
    work: Work,
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
