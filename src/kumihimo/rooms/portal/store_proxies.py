"""The portal's SQL for delegations, the parts of both sides, and what each is told."""

from collections.abc import Sequence
from datetime import date, datetime

import attrs

from kumihimo.kernel.sql import Tx


@attrs.frozen(kw_only=True, repr=False)
class DelegationRow:
    """A delegation; who and what for stand in what is locked."""

    delegation: str
    state: str
    content_locked: bytes
    code_tag: bytes | None
    code_until: datetime | None
    until: date
    forget_on: date


@attrs.frozen(kw_only=True, repr=False)
class PartRow:
    """One side's part. `check_at` is None once nobody looks at her certificate any more."""

    part: str
    account: str
    content_locked: bytes
    check_at: datetime | None
    good_until: datetime
    forget_on: date


@attrs.frozen(kw_only=True, repr=False)
class WordRow:
    """Something that somebody is told."""

    word: str
    account: str
    content_locked: bytes
    seen: bool
    forget_on: date


@attrs.frozen
class Named:
    """One column."""

    delegation: str


async def add(tx: Tx, row: DelegationRow) -> None:
    """Write a new delegation down."""
    await tx.put(
        "INSERT INTO proxy_delegation (delegation, state, content_locked, code_tag, code_until,"
        " until, forget_on) VALUES (%(delegation)s, %(state)s, %(content_locked)s, %(code_tag)s,"
        " %(code_until)s, %(until)s, %(forget_on)s)",
        attrs.asdict(row),
    )


async def save(tx: Tx, row: DelegationRow) -> None:
    """Write down what became of it; a code that is over goes."""
    await tx.put(
        "UPDATE proxy_delegation SET state = %(state)s, content_locked = %(content_locked)s,"
        " code_tag = CASE WHEN %(state)s = 'offered' THEN code_tag END,"
        " code_until = %(code_until)s WHERE delegation = %(delegation)s",
        attrs.asdict(row),
    )


async def find(tx: Tx, delegation: str) -> DelegationRow | None:
    """Return a delegation, alone with it until the transaction ends."""
    return await tx.row(
        "SELECT delegation, state, content_locked, code_tag, code_until, until, forget_on"
        " FROM proxy_delegation WHERE delegation = %(delegation)s FOR UPDATE",
        {"delegation": delegation},
        DelegationRow,
    )


async def by_code(tx: Tx, code_tag: bytes) -> DelegationRow | None:
    """Return what waits under a code, alone with it."""
    return await tx.row(
        "SELECT delegation, state, content_locked, code_tag, code_until, until, forget_on"
        " FROM proxy_delegation WHERE code_tag = %(tag)s FOR UPDATE",
        {"tag": code_tag},
        DelegationRow,
    )


async def overdue(tx: Tx, now: datetime, today: date, most: int) -> list[str]:
    """Return delegations whose time is over and that nobody has ended yet."""
    rows = await tx.rows(
        "SELECT delegation FROM proxy_delegation WHERE state <> 'ended'"
        " AND (until < %(today)s OR code_until <= %(now)s) ORDER BY delegation LIMIT %(most)s",
        {"now": now, "today": today, "most": most},
        Named,
    )
    return [row.delegation for row in rows]


async def untold(tx: Tx, most: int) -> list[DelegationRow]:
    """Return those that ended and of which the ledger was not told."""
    return await tx.rows(
        "SELECT delegation, state, content_locked, code_tag, code_until, until, forget_on"
        " FROM proxy_delegation WHERE state = 'ended' AND NOT ledger_told"
        " ORDER BY delegation LIMIT %(most)s",
        {"most": most},
        DelegationRow,
    )


async def told(tx: Tx, delegation: str) -> None:
    """Write down that the ledger was told of its end."""
    await tx.put(
        "UPDATE proxy_delegation SET ledger_told = true WHERE delegation = %(delegation)s",
        {"delegation": delegation},
    )


async def put_part(tx: Tx, row: PartRow) -> None:
    """Write one side's part down, new or changed."""
    await tx.put(
        "INSERT INTO proxy_part (part, account, content_locked, check_at, good_until, forget_on)"
        " VALUES (%(part)s, %(account)s, %(content_locked)s, %(check_at)s, %(good_until)s,"
        " %(forget_on)s) ON CONFLICT (part) DO UPDATE SET content_locked = excluded.content_locked,"
        " check_at = excluded.check_at, good_until = excluded.good_until",
        attrs.asdict(row),
    )


async def part(tx: Tx, name: str) -> PartRow | None:
    """Return a part."""
    return await tx.row(
        "SELECT part, account, content_locked, check_at, good_until, forget_on"
        " FROM proxy_part WHERE part = %(part)s",
        {"part": name},
        PartRow,
    )


async def parts_of(tx: Tx, account: str, most: int) -> list[PartRow]:
    """Return the parts of somebody."""
    return await tx.rows(
        "SELECT part, account, content_locked, check_at, good_until, forget_on"
        " FROM proxy_part WHERE account = %(account)s ORDER BY part LIMIT %(most)s",
        {"account": account, "most": most},
        PartRow,
    )


async def take_due(tx: Tx, now: datetime, *, again_at: datetime, most: int) -> list[PartRow]:
    """Take parts whose certificate is to be looked at; other processes leave them for a while."""
    return await tx.rows(
        "UPDATE proxy_part SET check_at = %(again)s WHERE part IN ("
        " SELECT part FROM proxy_part WHERE check_at <= %(now)s ORDER BY part LIMIT %(most)s"
        " FOR UPDATE SKIP LOCKED)"
        " RETURNING part, account, content_locked, check_at, good_until, forget_on",
        {"now": now, "again": again_at, "most": most},
        PartRow,
    )


async def looked_at(
    tx: Tx, name: str, *, check_at: datetime, good_until: datetime | None = None
) -> None:
    """Write down when a certificate is looked at next, and until when this look is believed."""
    await tx.put(
        "UPDATE proxy_part SET check_at = %(check_at)s,"
        " good_until = coalesce(%(good_until)s, good_until)"
        " WHERE part = %(part)s AND check_at IS NOT NULL",
        {"part": name, "check_at": check_at, "good_until": good_until},
    )


async def look_no_more(tx: Tx, parts: Sequence[str]) -> None:
    """Leave the certificates of these parts alone from now on."""
    await tx.put(
        "UPDATE proxy_part SET check_at = NULL WHERE part = ANY(%(parts)s)", {"parts": list(parts)}
    )


async def tell(tx: Tx, row: WordRow) -> int:
    """Tell somebody something; returns how many words were new."""
    return await tx.execute(
        "INSERT INTO proxy_word (word, account, content_locked, seen, forget_on) VALUES (%(word)s,"
        " %(account)s, %(content_locked)s, %(seen)s, %(forget_on)s) ON CONFLICT DO NOTHING",
        attrs.asdict(row),
    )


async def words_of(tx: Tx, account: str, most: int) -> list[WordRow]:
    """Return what somebody was told."""
    return await tx.rows(
        "SELECT word, account, content_locked, seen, forget_on FROM proxy_word"
        " WHERE account = %(account)s ORDER BY seen, word LIMIT %(most)s",
        {"account": account, "most": most},
        WordRow,
    )


async def unseen(tx: Tx, account: str) -> int:
    """Return how much somebody was told that she has not seen."""
    return await tx.value(
        "SELECT count(*) FROM proxy_word WHERE account = %(account)s AND NOT seen",
        {"account": account},
    )


async def saw(tx: Tx, words: Sequence[str]) -> None:
    """Write down that these were seen."""
    await tx.put(
        "UPDATE proxy_word SET seen = true WHERE word = ANY(%(words)s)", {"words": list(words)}
    )


async def forget(tx: Tx, on: date) -> int:
    """Drop what is over its time; returns how many rows."""
    gone = await tx.execute("DELETE FROM proxy_word WHERE forget_on <= %(on)s", {"on": on})
    gone += await tx.execute("DELETE FROM proxy_part WHERE forget_on <= %(on)s", {"on": on})
    gone += await tx.execute(
        "DELETE FROM proxy_delegation WHERE forget_on <= %(on)s AND ledger_told", {"on": on}
    )
    return gone
