"""The ledger's SQL for bells."""

from collections.abc import Collection, Sequence
from datetime import date

import attrs

from kumihimo.kernel.sql import Tx


@attrs.frozen(kw_only=True, repr=False)
class BellRow:
    """A bell of a person; its secret is not here."""

    bell_hash: bytes
    person: bytes
    version: int
    until: date


@attrs.frozen
class BellName:
    """One column."""

    bell_hash: bytes


async def hang(tx: Tx, row: BellRow, codes: Sequence[bytes]) -> None:
    """Hang a bell; whatever hung there for the same person is gone."""
    await tx.put("DELETE FROM bell WHERE person = ANY(%(codes)s::bytea[])", {"codes": list(codes)})
    await tx.put(
        "INSERT INTO bell (bell_hash, person, version, until)"
        " VALUES (%(bell_hash)s, %(person)s, %(version)s, %(until)s)",
        attrs.asdict(row),
    )


async def ring(tx: Tx, persons: Collection[bytes]) -> None:
    """Ring the bells of these persons, by any of their codes."""
    await tx.put(
        "UPDATE bell SET rings = true WHERE person = ANY(%(persons)s::bytea[]) AND NOT rings",
        {"persons": list(persons)},
    )


async def ringing(tx: Tx, hashes: Sequence[bytes], on: date) -> set[bytes]:
    """Return which of these bells ring."""
    rows = await tx.rows(
        "SELECT bell_hash FROM bell WHERE bell_hash = ANY(%(hashes)s::bytea[]) AND rings"
        " AND until > %(on)s",
        {"hashes": list(hashes), "on": on},
        BellName,
    )
    return {bytes(row.bell_hash) for row in rows}


async def still(tx: Tx, hashes: Sequence[bytes]) -> int:
    """Let bells that were heard be still; returns how many rang."""
    return await tx.execute(
        "UPDATE bell SET rings = false WHERE bell_hash = ANY(%(hashes)s::bytea[]) AND rings",
        {"hashes": list(hashes)},
    )


async def take_down(tx: Tx, hashes: Sequence[bytes]) -> int:
    """Take bells down; returns how many hung."""
    return await tx.execute(
        "DELETE FROM bell WHERE bell_hash = ANY(%(hashes)s::bytea[])", {"hashes": list(hashes)}
    )


async def forget(tx: Tx, on: date) -> int:
    """Forget bells whose time is over; returns how many."""
    return await tx.execute("DELETE FROM bell WHERE until <= %(on)s", {"on": on})
