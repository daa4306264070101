"""Stage accounts: which accounts stand under several numbers, and whose each account is.

Rows are cut by account into buckets; a bucket is looked at alone, so that what is held in memory
at a time is a bucket, and the rows whose accounts others use too. A file without accounts costs
a look at its columns.
"""

import shutil
from pathlib import Path
from typing import Final

import attrs
import polars as pl

from kumihimo.linkaudit.canonical import FORMS, fingerprints
from kumihimo.linkaudit.folder import Stage, fingerprint, of_files, whole
from kumihimo.linkaudit.holders import whose
from kumihimo.linkaudit.joining import load, save
from kumihimo.linkaudit.schema import HOLDERS, Holder
from kumihimo.linkaudit.setting import Sizes, Table
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
_VERSION: Final = 1
_ROW_BYTES: Final = 200  # of a row in a bucket, with what finds its like
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
class _Chunk:
    rows: Table
    stage: Path
    buckets: int
    name: str
    first: int
    count: int


@attrs.frozen
class _Bucket:
    stage: Path
    number: int


def look(audit: Path, rows: Table, sizes: Sizes, team: Team) -> Accounts:
    """Look at the accounts of an institution's rows, or open what was found."""
    stage = Stage.at(audit, "accounts", fingerprint(_VERSION, FORMS), of_files(rows.files))
    found = Accounts(stage.folder)
    if stage.is_done:
        return found
    held = rows.columns()
    buckets = max(1, -(-rows.rows() * sizes.workers * _ROW_BYTES // sizes.memory))
    if "account" in held or "holder" in held:
        chunks = rows.chunks(sizes.even(rows.rows()))
        tasks = [
            _Chunk(rows, stage.folder, buckets, f"{n:05}", *chunk) for n, chunk in enumerate(chunks)
        ]
        team.each("accounts", _cut, tasks, [count for _, count in chunks])
    asked = [_Bucket(stage.folder, n) for n in range(buckets)]
    shared = team.each("accounts: shared", _shared, asked, [1] * buckets)
    with whole(stage.folder / "shared.arrow") as half:
        pl.concat(shared).write_ipc(half, compression="lz4")
    shutil.rmtree(stage.folder / "cut", ignore_errors=True)
    stage.finish()
    return found


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


def _cut(chunk: _Chunk) -> None:
    """Write whose the accounts of a chunk are, then its rows by account."""
    folder = chunk.stage / "cut" / chunk.name
    if folder.exists():
        return
    held = chunk.rows.part(chunk.first, chunk.count, ("account", "holder"))
    # Of rows without any account nothing else is read.
    count = 0 if all(one.null_count() == len(one) for one in held) else chunk.count
    part = chunk.rows.part(chunk.first, count, ("row", *READ))
    rows = part.select(
        "row",
        *(pl.col(c) if c in part.columns else pl.lit(None, pl.String).alias(c) for c in READ),
    )
    told = holders(rows)
    with whole(chunk.stage / "holders" / f"{chunk.name}.parquet") as half:
        told.write_parquet(half, compression="lz4")
    cut = keyed(rows, told)
    bucket = cut["account"].reinterpret(signed=False) % chunk.buckets
    parts = cut.with_columns(bucket=bucket).partition_by("bucket", as_dict=True, include_key=False)
    save({int(key[0]): one for key, one in parts.items()}, folder)


def _shared(bucket: _Bucket) -> pl.DataFrame:
    rows = load(bucket.stage / "cut", bucket.number, SHARED)
    return rows.filter(pl.len().over("account") > 1).filter(
        pl.col("number").n_unique().over("account") > 1
    )
