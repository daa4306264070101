"""Fills the core with exchanges of months that are over, as if it had recorded them.

Rows are as wide as real ones, with random ids, seals and digests in the right months, both ends of
each, and all indexes. What was signed is left out: it is only ever added to, and nothing is looked
for in it. Rows are made by columns and travel as PostgreSQL's own binary COPY.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import psycopg
from psycopg import sql
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.refusal import BadInput
from kumihimo.rooms.linkage.months import month_of

MONTHS: Final = 84  # seven years, as long as the core keeps a record; one more is old
EXCHANGE_BYTES: Final = 680  # one with its ends and indexes, measured among 100 million: 667
SPARE_BYTES: Final = 6 << 30  # the server's own log, and whoever else uses the disk
_CHUNK: Final = 50_000
_TOGETHER: Final = 1_000  # a batch: rows of one instant
_KINDS: Final = 500  # combinations of affair, provider and items that stand in a month
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_HEAD: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TAIL: Final = b"\xff\xff"
_HEX: Final = np.frombuffer(b"0123456789abcdef", np.uint8)
_SHORT: Final = timedelta(seconds=5)  # from a question to its end

# Columns as they stand in the tables, each with its bytes.
_EXCHANGE: Final = {
    "requested_at": 8,
    "expires_at": 8,
    "month": 4,
    **dict.fromkeys(("record", "permit", "inquiry", "submission", "terms"), 16),
    "requester": 9,
    "digest": 32,
    "person": 64,
    "case_reference": 32,
}
_END: Final = {"at": 8, "month": 4, "permit": 16, "by_provider": 1, "hidden": 1, "outcome": 2}

Bytes = npt.NDArray[np.uint8]


def require_disk(folder: Path, records: int) -> None:
    """Raise `BadInput` unless so many exchanges fit on the disk."""
    needed, free = records * EXCHANGE_BYTES + SPARE_BYTES, shutil.disk_usage(folder).free
    if needed > free:
        raise BadInput(
            f"{records:,} exchanges need {needed / 1e9:,.1f} GB in {folder}, where"
            f" {free / 1e9:,.1f} GB are free; TMPDIR names another place",
            pointer="records",
        )


def months_until(at: datetime) -> list[date]:
    """Return the months that the core may hold at an instant, oldest first; the first is too old."""
    found = [month_of(at)]
    while len(found) < MONTHS + 2:
        found.append((found[-1] - timedelta(days=1)).replace(day=1))
    return found[::-1]


def fill_past(
    connection: psycopg.Connection, records: int, *, months: Sequence[date], entropy: Entropy
) -> None:
    """Write exchanges into the core's tables, as many in each of these months.

    A month is written by one transaction and then taken into the tables, which makes its indexes.
    """
    owner = connection.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'exchange'")
    [name] = owner.fetchone() or ("",)
    connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(name)))
    connection.commit()
    bar = Progress(
        TextColumn("過去の記録 the past"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("残り left"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    with bar:
        task = bar.add_task("", total=records)
        for index, month in enumerate(months):
            size = records * (index + 1) // len(months) - records * index // len(months)
            for done in _fill_month(connection, month, size, entropy):
                bar.advance(task, done)
    connection.execute("RESET ROLE")
    connection.execute("CHECKPOINT")
    connection.commit()


def _fill_month(
    connection: psycopg.Connection, month: date, size: int, entropy: Entropy
) -> Iterator[int]:
    """Write a month; says how many rows went each time some did."""
    wholes = ("exchange_terms", "exchange", "exchange_said", "evidence")
    parts = {whole: sql.Identifier(f"{whole}_{month:%Y_%m}") for whole in wholes}
    with connection.transaction(), connection.cursor() as cursor:
        there = cursor.execute("SELECT to_regclass(%s)", (f"exchange_{month:%Y_%m}",)).fetchone()
        new = there == (None,)
        if new:
            for whole, part in parts.items():
                like = "CREATE TABLE {} (LIKE {} INCLUDING STORAGE INCLUDING CONSTRAINTS)"
                cursor.execute(sql.SQL(like).format(part, sql.Identifier(whole)))
        kinds = _fill_terms(cursor, parts["exchange_terms"], month, entropy)
        how = sql.SQL("(FORMAT binary, FREEZE)" if new else "(FORMAT binary)")
        for start in range(0, size, _CHUNK):
            count = min(_CHUNK, size - start)
            exchanges, permits = _exchanges(month, start, count, size, kinds, entropy)
            asked, provided = _ends(exchanges, permits, entropy)
            for whole, rows in (
                ("exchange", exchanges),
                ("exchange_said", asked),
                ("exchange_said", provided),
            ):
                copy = sql.SQL("COPY {} FROM STDIN {}").format(parts[whole], how)
                with cursor.copy(copy) as into:
                    into.write(_HEAD + rows.tobytes() + _TAIL)
            yield count
        if new:
            for whole, part in parts.items():
                attach = "ALTER TABLE {} ATTACH PARTITION {} FOR VALUES IN ({})"
                cursor.execute(
                    sql.SQL(attach).format(sql.Identifier(whole), part, sql.Literal(month))
                )
        for part in parts.values():
            cursor.execute(sql.SQL("ANALYZE {}").format(part))


def _fill_terms(
    cursor: psycopg.Cursor, part: sql.Identifier, month: date, entropy: Entropy
) -> Bytes:
    """Write the words that exchanges of a month have in common; returns their fingerprints."""
    kinds = np.frombuffer(entropy.bytes(_KINDS * 16), np.uint8).reshape(_KINDS, 16)
    cursor.executemany(
        sql.SQL(
            "INSERT INTO {} (month, terms, affair, provider, items, basis, list_version, outcome,"
            " reason, hidden) VALUES (%s, %s, %s, %s, %s, %s, %s, 'OK', '', false)"
        ).format(part),
        [
            (
                *(month, kind.tobytes().hex(), f"b{index % 177:03}", f"lg-{index:06}"),
                *(
                    ["local-tax.total-income"],
                    [f"old2-{index % 177:03}"],
                    f"{month:%Y%m%d}00000000",
                ),
            )
            for index, kind in enumerate(kinds)
        ],
    )
    return kinds


def _table(count: int, fields: Mapping[str, int]) -> npt.NDArray[Any]:
    """Return rows of a binary COPY with the lengths of their fields written in."""
    kinds: list[tuple[str, Any]] = [("fields", ">i2")]
    for name, size in fields.items():
        kinds += [(f"{name}_size", ">i4")]
        kinds += [(name, {4: ">i4", 8: ">i8"}.get(size, ("u1", (size,))))] if size else []
    rows = np.zeros(count, np.dtype(kinds))
    rows["fields"] = len(fields)
    for name, size in fields.items():
        rows[f"{name}_size"] = size
    return rows


def _random(rows: npt.NDArray[Any], name: str, entropy: Entropy) -> None:
    size = rows[name].shape[1]
    rows[name] = np.frombuffer(entropy.bytes(len(rows) * size), np.uint8).reshape(-1, size)


def _days(month: date) -> int:
    return (month - _EPOCH.date()).days


def _exchanges(
    month: date, start: int, count: int, size: int, kinds: Bytes, entropy: Entropy
) -> tuple[npt.NDArray[Any], Bytes]:
    """Return rows [start, start + count) of a month's `size`, and their permits."""
    rows = _table(count, _EXCHANGE)
    at = np.arange(start, start + count) // _TOGETHER * _TOGETHER
    day_us = 86_400_000_000
    rows["requested_at"] = _days(month) * day_us + at * (28 * day_us // max(size, 1))
    rows["expires_at"] = rows["requested_at"] + 3_600_000_000
    rows["month"] = _days(month)
    for name in ("record", "permit", "inquiry", "submission", "digest", "person"):
        _random(rows, name, entropy)
    _random(rows, "case_reference", entropy)
    rows["case_reference"] = _HEX[rows["case_reference"] & 15]
    drawn = np.frombuffer(entropy.bytes(count * 4), ">u4")
    rows["terms"] = kinds[drawn % len(kinds)]
    digits = (drawn[:, None] // 10 ** np.arange(5, -1, -1)) % 10 + ord("0")
    rows["requester"][:, :3] = np.frombuffer(b"lg-", np.uint8)
    rows["requester"][:, 3:] = digits
    return rows, rows["permit"]


def _ends(
    exchanges: npt.NDArray[Any], permits: Bytes, entropy: Entropy
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return both ends of these exchanges: that of the requester, and that of the provider."""
    found: list[npt.NDArray[Any]] = []
    for by_provider in (False, True):
        rows = _table(len(exchanges), {**_END, "person": 64 if by_provider else 0})
        rows["at"] = exchanges["requested_at"] + _SHORT // timedelta(microseconds=1)
        rows["month"] = exchanges["month"]
        rows["permit"] = permits
        rows["by_provider"] = by_provider
        rows["outcome"] = np.frombuffer(b"OK", np.uint8)
        if by_provider:
            _random(rows, "person", entropy)
        found.append(rows)
    return found[0], found[1]
