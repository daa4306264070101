"""Stage accounts: which accounts stand under several numbers, and whose each account is.

What is compared of each row stands in arrays, in the order of the file; a second run takes over what
is known of rows that stood in the file before. Accounts are looked at by buckets, so that what is held
in memory at a time is a bucket, and the rows whose accounts others use too. A file without accounts
costs a look at its columns.
"""

from pathlib import Path
from typing import Final

import attrs
import numpy as np
import polars as pl
from numpy.typing import NDArray

from kumihimo.linkaudit.aligning import Stood
from kumihimo.linkaudit.canonical import FORMS, fingerprints
from kumihimo.linkaudit.folder import Stage, also_at, fingerprint, of_files, whole
from kumihimo.linkaudit.holders import whose
from kumihimo.linkaudit.homonyms import among, doubled, each_once
from kumihimo.linkaudit.incremental import FEW, changed_places, standing
from kumihimo.linkaudit.schema import HOLDERS, Holder
from kumihimo.linkaudit.setting import Sizes, Table, stretches
from kumihimo.linkaudit.splicing import splice
from kumihimo.linkaudit.workers import Team

# Rows whose account stands under more than one number. `account` is a fingerprint; `household` is
# the institution's own, 0 where it holds none; `surname` says that the holder's fits the record's.
SHARED: Final = {
    "account": pl.Int64,
    "row": pl.Int64,
    "number": pl.Int64,
    "household": pl.UInt64,
    "surname": pl.Boolean,
}
_VERSION: Final = 3
_ROW_BYTES: Final = 64  # of a row in a bucket, with what finds its like
READ: Final = ("record_id", "number", "name", "kana", "household", "account", "holder")
# As banks number the kinds of accounts; an account of several kinds (総合) is drawn on as 普通.
_KINDS: Final = {
    "普通": "1", "普": "1", "フツウ": "1", "総合": "1", "当座": "2", "当": "2", "トウザ": "2",
    "貯蓄": "4", "貯": "4", "チヨチク": "4", "チョチク": "4", "01": "1", "02": "2", "04": "4",
}  # fmt: skip
_FOUR: Final = "^([0-9]{1,4})-([0-9]{1,3})-([^-]+)-([0-9]{1,7})$"
_PLAIN: Final = "^[0-9]{4}-[0-9]{3}-[0-9]-[0-9]{7}$"  # as told above already
_SURNAME: Final = (Holder.OWN, Holder.READ, Holder.FAMILY)


@attrs.frozen
class Accounts:
    """What the stage left."""

    stage: Path

    def shared(self) -> pl.DataFrame:
        """Return `SHARED`."""
        return pl.read_ipc(self.stage / "shared.arrow")

    def put_holders(self, place: Path) -> None:
        """Write `HOLDERS` to a file, in the order of the institution's."""
        parts = sorted((self.stage / "holders").glob("*.parquet"))
        with whole(place) as half:
            if parts:
                splice(parts, half)
            else:
                pl.DataFrame(schema=HOLDERS).write_parquet(half)


@attrs.frozen
class _Known:
    """`SHARED` of each row as arrays by row: 0 where it has no account, or nothing is known of it."""

    account: NDArray[np.int64]
    number: NDArray[np.int64]
    household: NDArray[np.uint64]
    surname: NDArray[np.int8]  # 1: it does not fit, 2: it does

    @classmethod
    def opened(cls, stage: Path, *, writes: bool = False) -> "_Known":
        """Map the arrays of a stage."""
        mode = "r+" if writes else "r"
        names = (field.name for field in attrs.fields(cls))
        return cls(*(np.load(stage / f"{name}.npy", mmap_mode=mode) for name in names))

    def put(self, told: pl.DataFrame) -> None:
        """Write down `SHARED` of some rows."""
        at = told["row"].to_numpy()
        filled = told.with_columns(surname=pl.col("surname").cast(pl.Int8) + 1).fill_null(0)
        for field in attrs.fields(_Known):
            getattr(self, field.name)[at] = filled[field.name].to_numpy()

    def take(self, known: "_Known", stood: Stood) -> None:
        """Write down of rows what was known of those that they were, 0 where that is nothing."""
        for field in attrs.fields(_Known):
            here = getattr(self, field.name)[stood.first : stood.first + len(stood.known)]
            here[:] = stood.carried(getattr(known, field.name), stood.known, 0)

    def of(self, rows: NDArray[np.int64]) -> pl.DataFrame:
        """Return `SHARED` of some rows."""
        found = {field.name: getattr(self, field.name)[rows] for field in attrs.fields(_Known)}
        told = pl.DataFrame({"row": rows, **found})
        number, surname = (
            pl.when(pl.col(name) > 0).then(pl.col(name)).alias(name)
            for name in ("number", "surname")
        )
        return told.with_columns(number, surname - 1).select(
            pl.col(name).cast(kind) for name, kind in SHARED.items()
        )


def _make(stage: Path, size: int, prints: Path | None) -> None:
    """Make the arrays of a stage for rows below `size`, and keep their fingerprints, if any."""
    kinds = (np.int64, np.int64, np.uint64, np.int8)
    for field, kind in zip(attrs.fields(_Known), kinds, strict=True):
        place = stage / f"{field.name}.npy"
        if not place.exists():
            with whole(place) as half:
                np.lib.format.open_memmap(half, "w+", kind, (size,)).flush()
    if prints is not None:
        also_at(prints, stage / "prints.npy")


@attrs.frozen
class _Chunk:
    rows: Table
    stage: Path
    before: Path | None  # where those of the last run are, if they can be compared
    name: str
    first: int
    count: int

    @property
    def place(self) -> Path:
        """Where whose its accounts are is written, last of all."""
        return self.stage / "holders" / f"{self.name}.parquet"


@attrs.frozen
class _Bucket:
    stage: Path
    number: int
    buckets: int


def take_over(asked: tuple[Path, Table]) -> None:
    """Take over all that was found, where no row is another but for its address.

    Given are the audit's folder and the rows.
    """
    audit, rows = asked
    stage, prints = _stage(audit, rows), rows.who()
    if not stage.is_done and stage.before is not None and prints is not None:
        _as_before(stage, prints)


def _stage(audit: Path, rows: Table) -> Stage:
    prints = rows.who()  # of a row without its address, which says nothing of an account
    kind = prints.parent.name if prints else ""
    return Stage.at(audit, "accounts", fingerprint(_VERSION, FORMS, kind), of_files(rows.files))


def look(audit: Path, rows: Table, sizes: Sizes, team: Team) -> Accounts:
    """Look at the accounts of an institution's rows, or open what was found."""
    stage, prints = _stage(audit, rows), rows.who()
    found = Accounts(stage.folder)
    if stage.is_done:
        return found
    held = rows.columns()
    size = rows.end()
    _make(stage.folder, size, prints)
    before = stage.before if prints else None
    if "account" in held or "holder" in held:
        part = sizes.even(rows.rows())
        chunks = stretches(size, part) if before else rows.chunks(part)
        tasks = [
            _Chunk(rows, stage.folder, before, f"{n:05}", *chunk) for n, chunk in enumerate(chunks)
        ]
        team.each("accounts", _carry if before else _read, tasks, [count for _, count in chunks])
    shared = _shared_still(before, stage.folder) if before else None
    if shared is None:
        buckets = max(1, -(-size * sizes.workers * _ROW_BYTES // sizes.memory))
        asked = [_Bucket(stage.folder, n, buckets) for n in range(buckets)]
        shared = pl.concat(team.each("accounts: shared", _shared, asked, [1] * buckets))
    with whole(stage.folder / "shared.arrow") as half:
        shared.write_ipc(half, compression="lz4")
    stage.finish()
    return found


def _as_before(stage: Stage, prints: Path) -> None:
    assert stage.before is not None, "there was a run before"
    before = stage.before / "prints.npy"
    if not prints.samefile(before):
        then, now = (np.load(place, mmap_mode="r") for place in (before, prints))
        if len(then) != len(now) or len(changed_places(then, now)):
            return
    also_at(prints, stage.folder / "prints.npy")
    fields = [f"{field.name}.npy" for field in attrs.fields(_Known)]
    holders = [f"holders/{place.name}" for place in (stage.before / "holders").glob("*.parquet")]
    for name in (*fields, *holders, "shared.arrow"):
        also_at(stage.before / name, stage.folder / name)
    stage.finish()


def canonical_accounts(written: pl.Series) -> pl.Series:
    """Return accounts as bank, branch, kind and number with their zeros; others as written.

    A spreadsheet takes leading zeros, and a kind is told by a word or a digit.
    """
    column = written.cast(pl.String).rename("account")
    odd = (~column.str.contains(_PLAIN)).fill_null(value=False).arg_true()
    if not len(odd):
        return column
    text = pl.col("account").str.normalize("NFKC").str.replace_all(r"\s", "")
    parts = [text.str.extract(_FOUR, n) for n in range(1, 5)]
    bank, branch, kind, number = parts
    told = [bank.str.zfill(4), branch.str.zfill(3), kind.replace(_KINDS), number.str.zfill(7)]
    form = pl.coalesce(pl.concat_str(told, separator="-"), text)
    read = column.gather(odd).to_frame().select(form).to_series()
    return column.clone().scatter(odd, read)


def holders(rows: pl.DataFrame) -> pl.DataFrame:
    """Return `HOLDERS` of `ROWS`."""
    named = rows.drop_nulls("holder")
    written = named.select(pl.col("name", "kana", "holder").fill_null(""))
    return named.with_columns(whose(written)).select(list(HOLDERS))


def keyed(rows: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """Return `SHARED` of all `ROWS` that have an account; `told` is their `HOLDERS`."""
    held = rows.drop_nulls("account").join(
        told.select("row", whose="holder"), on="row", how="left", maintain_order="left"
    )
    keys = fingerprints(canonical_accounts(held["account"]).to_frame(), ["account"])
    homes = fingerprints(held, ["household"])
    return held.select(
        pl.col("row", "number").cast(pl.Int64),
        account=keys.reinterpret(signed=True),
        household=pl.when(pl.col("household").is_not_null()).then(homes).otherwise(0),
        surname=pl.col("whose").is_in(_SURNAME),
    ).select(list(SHARED))


def _read(chunk: _Chunk) -> None:
    """Write down the accounts of a chunk, then whose they are."""
    if chunk.place.exists():
        return
    held = chunk.rows.part(chunk.first, chunk.count, ("account", "holder"))
    # Of rows without any account nothing else is read.
    count = 0 if all(one.null_count() == len(one) for one in held) else chunk.count
    rows = _whole(chunk.rows.part(chunk.first, count, ("row", *READ)))
    told = holders(rows)
    _Known.opened(chunk.stage, writes=True).put(keyed(rows, told))
    with whole(chunk.place) as half:
        told.write_parquet(half, compression="lz4")


def _whole(part: pl.DataFrame) -> pl.DataFrame:
    return part.select(
        "row",
        *(pl.col(c) if c in part.columns else pl.lit(None, pl.String).alias(c) for c in READ),
    )


def _carry(chunk: _Chunk) -> None:
    """Take over what is known of a stretch of rows, and read those that are new."""
    assert chunk.before is not None, "there was a run before"
    if chunk.place.exists():
        return
    then, now = (
        np.load(where / "prints.npy", mmap_mode="r") for where in (chunk.before, chunk.stage)
    )
    prints = now[chunk.first : chunk.first + chunk.count]
    stood = Stood.of(then, chunk.first, prints)
    known = _Known.opened(chunk.stage, writes=True)
    known.take(_Known.opened(chunk.before), stood)
    new = (prints != 0) & ~stood.known
    told = _holders_of(chunk.before, stood)
    # A record without an id is called by its place in the file: who has moved is asked again.
    moved = told["row"] != told["was"]
    new[told["row"].filter(moved).to_numpy() - chunk.first] = True
    told = told.filter(~moved).select(list(HOLDERS))
    rows = _whole(chunk.rows.at(chunk.first + np.flatnonzero(new), ("row", *READ)))
    anew = holders(rows)
    known.put(keyed(rows, anew))
    with whole(chunk.place) as half:
        pl.concat([told, anew]).sort("row").write_parquet(half, compression="lz4")


def _holders_of(stage: Path, stood: Stood) -> pl.DataFrame:
    """Return `HOLDERS` of the rows that were known as a stage left them, and `was`, which they were."""
    parts = sorted((stage / "holders").glob("*.parquet"))
    if not parts or not stood.known.any():
        return pl.DataFrame(schema={**HOLDERS, "was": pl.Int64})
    rows = np.flatnonzero(stood.known)
    ends = stood.places(rows[[0, -1]] if stood.was is None else rows)
    inside = pl.col("row").is_between(int(ends.min()), int(ends.max()))
    near = pl.scan_parquet(parts).filter(inside).collect()
    near = near.rename({"row": "was"})
    if stood.was is None:
        here = near["was"].to_numpy()
        return near.filter(pl.Series(stood.known[here - stood.first])).with_columns(row="was")
    places = pl.DataFrame({"row": stood.first + rows, "was": stood.places(rows)})
    return near.join(places, on="was")


def _shared(bucket: _Bucket) -> pl.DataFrame:
    known = _Known.opened(bucket.stage)
    keys = known.account.view(np.uint64)
    rows = np.flatnonzero((keys != 0) & (keys % np.uint64(bucket.buckets) == bucket.number))
    mine = keys[rows]
    return _several(known.of(rows[among(mine, doubled(mine))]))


def _several(table: pl.DataFrame) -> pl.DataFrame:
    return table.filter(pl.col("number").n_unique().over("account") > 1)


def _shared_still(before: Path, stage: Path) -> pl.DataFrame | None:
    """Return `SHARED` from what it was: accounts of rows that changed are looked at, and no others.

    None where too many rows stand elsewhere.
    """
    prints = [np.load(where / "prints.npy", mmap_mode="r") for where in (before, stage)]
    changed = changed_places(*prints)
    if len(changed) * FEW > len(prints[1]):
        return None
    then, now = (_Known.opened(where) for where in (before, stage))
    fields = [field.name for field in attrs.fields(_Known)]
    sides = [{f: standing(getattr(one, f), changed) for f in fields} for one in (then, now)]
    differs = np.any([sides[0][f] != sides[1][f] for f in fields], axis=0)
    touched = each_once(
        np.concatenate([side["account"][differs] for side in sides]).view(np.uint64)
    )
    asked = pl.Series(touched.view(np.int64)).implode()
    kept = pl.read_ipc(before / "shared.arrow").filter(~pl.col("account").is_in(asked))
    rows = np.flatnonzero(among(now.account.view(np.uint64), touched))
    return pl.concat([kept, _several(now.of(rows))])
