"""SQL of the queue: who holds what, looks, and how an item is closed."""

from datetime import date, datetime
from typing import Final

import attrs

from kumihimo.kernel.sql import Tx
from kumihimo.rooms.review.api import Answer, ItemState


@attrs.frozen(kw_only=True)
class ItemRow:
    """An item as a use case needs it; what is locked stays so."""

    item: str
    affair: str
    record_id: str
    audit_run: str
    pattern: int
    verdict: str
    mechanism: str
    odds: float
    minutes: float
    reason: str
    sides_locked: bytes | None
    proposal_locked: bytes | None
    state: str
    round: int
    looks: int
    repeat: bool
    due_at: datetime | None
    held_by: str
    held_until: datetime | None
    suspended_in: int | None

    @property
    def suspended(self) -> bool:
        """Whether the link is suspended, or soon will be; `suspended_in` is the round of it."""
        return self.suspended_in is not None


@attrs.frozen(kw_only=True)
class LookRow:
    """One look of the present round."""

    look: int
    place: int
    officer: str
    answer: str
    mechanism: str
    number_tag: bytes
    number_locked: bytes | None


@attrs.frozen
class _Chosen:
    item: str


FIRST: Final = (
    "SELECT item FROM item WHERE state = 'open' AND looks = 0"
    " AND (held_until IS NULL OR held_until <= %(at)s)"
    " ORDER BY worth DESC, item DESC LIMIT 1 FOR UPDATE SKIP LOCKED"
)
FIRST_OF: Final = (
    "SELECT item FROM item WHERE state = 'open' AND looks = 0 AND mechanism = %(mechanism)s"
    " AND (held_until IS NULL OR held_until <= %(at)s)"
    " ORDER BY worth DESC, item DESC LIMIT 1 FOR UPDATE SKIP LOCKED"
)
# Whose looks wait for another's, by mechanism (a few dozen pairs, each found by one step in the
# index); of each, the item that is worth most and that this officer has not looked at.
LATER: Final = (
    "WITH RECURSIVE pair AS ("
    " (SELECT last_by, mechanism FROM item WHERE state = 'open' AND looks > 0"
    "  ORDER BY last_by, mechanism LIMIT 1)"
    " UNION ALL SELECT n.last_by, n.mechanism FROM pair p CROSS JOIN LATERAL ("
    "  SELECT i.last_by, i.mechanism FROM item i WHERE i.state = 'open' AND i.looks > 0"
    "  AND (i.last_by, i.mechanism) > (p.last_by, p.mechanism)"
    "  ORDER BY i.last_by, i.mechanism LIMIT 1) n)"
    " SELECT n.item FROM pair p CROSS JOIN LATERAL ("
    "  SELECT i.item, i.worth FROM item i WHERE i.state = 'open' AND i.looks > 0"
    "  AND i.last_by = p.last_by AND i.mechanism = p.mechanism AND i.first_by <> %(officer)s"
    "  AND i.due_at <= %(due)s AND (i.held_until IS NULL OR i.held_until <= %(at)s)"
    "  ORDER BY i.worth DESC, i.item DESC LIMIT 1) n"
    " WHERE p.last_by <> %(officer)s"
    " AND (%(mechanism)s = '' OR p.mechanism = %(mechanism)s)"
    " ORDER BY n.worth DESC, n.item DESC LIMIT 1"
)


async def held(tx: Tx, officer: str, *, at: datetime) -> str | None:
    """Return the item that an officer holds."""
    found = await tx.row(
        "SELECT item FROM item WHERE held_by = %(officer)s AND held_by <> ''"
        " AND held_until > %(at)s AND state = 'open'",
        {"officer": officer, "at": at},
        _Chosen,
    )
    return found.item if found else None


async def best_first(tx: Tx, *, mechanism: str, at: datetime) -> str | None:
    """Return the item that is worth most of those at which nobody has looked, and lock it."""
    query = FIRST_OF if mechanism else FIRST
    found = await tx.row(query, {"mechanism": mechanism, "at": at}, _Chosen)
    return found.item if found else None


async def best_later(
    tx: Tx, officer: str, *, mechanism: str, due: datetime, at: datetime
) -> str | None:
    """Return the item that is worth most of those that wait for another look and fall due."""
    params = {"officer": officer, "mechanism": mechanism, "due": due, "at": at}
    found = await tx.row(LATER, params, _Chosen)
    return found.item if found else None


async def hold(tx: Tx, item: str, officer: str, *, at: datetime, until: datetime) -> bool:
    """Put an item into an officer's hands unless another has it by now."""
    changed = await tx.execute(
        "UPDATE item SET held_by = %(officer)s, held_until = %(until)s WHERE item = %(item)s"
        " AND state = 'open' AND (held_until IS NULL OR held_until <= %(at)s"
        " OR held_by = %(officer)s)",
        {"item": item, "officer": officer, "at": at, "until": until},
    )
    return changed == 1


async def let_go(tx: Tx, item: str, officer: str) -> None:
    """Take an item out of an officer's hands."""
    await tx.put(
        "UPDATE item SET held_by = '', held_until = NULL"
        " WHERE item = %(item)s AND held_by = %(officer)s",
        {"item": item, "officer": officer},
    )


async def lock_item(tx: Tx, item: str) -> ItemRow | None:
    """Return an item, locked until the commit."""
    return await tx.row(
        "SELECT item, affair, record_id, audit_run, pattern, verdict, mechanism, odds, minutes,"
        " reason, sides_locked, proposal_locked, state, round, looks, repeat, due_at, held_by,"
        " held_until, suspended_in FROM item WHERE item = %(item)s FOR UPDATE",
        {"item": item},
        ItemRow,
    )


async def due_answered(tx: Tx, *, at: datetime, most: int) -> list[str]:
    """Return items whose one answer can no longer be taken back, locked."""
    found = await tx.rows(
        "SELECT item FROM item WHERE state = 'answered' AND due_at <= %(at)s"
        " ORDER BY due_at LIMIT %(most)s FOR UPDATE SKIP LOCKED",
        {"at": at, "most": most},
        _Chosen,
    )
    return [row.item for row in found]


async def looks_at(tx: Tx, row: ItemRow) -> list[LookRow]:
    """Return the looks of an item's present round, the first one first."""
    return await tx.rows(
        "SELECT look, place, officer, answer, mechanism, number_tag, number_locked FROM look"
        " WHERE item = %(item)s AND round = %(round)s AND NOT taken_back ORDER BY place",
        {"item": row.item, "round": row.round},
        LookRow,
    )


async def add_look(
    tx: Tx,
    row: ItemRow,
    officer: str,
    answer: Answer,
    *,
    mechanism: str,
    number_tag: bytes,
    number_locked: bytes | None,
    at: datetime,
) -> None:
    """Write an answer down."""
    await tx.put(
        "INSERT INTO look (item, round, place, officer, answer, mechanism, number_tag,"
        " number_locked, looked_at) VALUES (%(item)s, %(round)s, %(place)s, %(officer)s,"
        " %(answer)s, %(mechanism)s, %(tag)s, %(locked)s, %(at)s)",
        {
            "item": row.item,
            "round": row.round,
            "place": row.looks + 1,
            "officer": officer,
            "answer": answer,
            "mechanism": mechanism,
            "tag": number_tag,
            "locked": number_locked,
            "at": at,
        },
    )


async def after_look(
    tx: Tx,
    row: ItemRow,
    *,
    looks: int,
    first_by: str,
    last_by: str,
    state: ItemState,
    repeat: bool,
    due: datetime | None,
) -> None:
    """Write down where an item stands after a look was added or taken back."""
    await tx.put(
        "UPDATE item SET looks = %(looks)s, first_by = %(first)s, last_by = %(last)s,"
        " state = %(state)s, repeat = %(repeat)s, due_at = %(due)s, held_by = '',"
        " held_until = NULL WHERE item = %(item)s",
        {
            "item": row.item,
            "looks": looks,
            "first": first_by,
            "last": last_by,
            "state": state,
            "repeat": repeat,
            "due": due,
        },
    )


async def take_back(tx: Tx, look: int) -> None:
    """Mark a look as taken back; a number that was typed goes with it."""
    await tx.put(
        "UPDATE look SET taken_back = true, number_locked = NULL WHERE look = %(look)s",
        {"look": look},
    )


async def close(tx: Tx, row: ItemRow, decision: Answer, *, looks: int, on: date) -> None:
    """Close an item as decided. The values of both sides go."""
    await tx.put(
        "UPDATE item SET state = 'decided', decision = %(decision)s, looks = %(looks)s,"
        " closed_on = %(on)s, sides_locked = NULL, proposal_locked = NULL, held_by = '',"
        " held_until = NULL, due_at = NULL WHERE item = %(item)s",
        {"item": row.item, "decision": decision, "looks": looks, "on": on},
    )


async def forget_numbers(tx: Tx, item: str) -> None:
    """Erase the numbers that were typed for an item."""
    await tx.put(
        "UPDATE look SET number_locked = NULL WHERE item = %(item)s AND number_locked IS NOT NULL",
        {"item": item},
    )


async def begin_round(tx: Tx, item: str) -> None:
    """Put an item that waits for its office back into the queue; former looks no longer count."""
    await tx.put(
        "UPDATE item SET state = 'open', round = round + 1, looks = 0, first_by = '',"
        " last_by = '', repeat = false, due_at = NULL WHERE item = %(item)s",
        {"item": item},
    )
