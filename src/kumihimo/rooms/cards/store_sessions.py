"""cards' SQL on the sessions of counters."""

from datetime import datetime
from typing import Literal

import attrs

from kumihimo.kernel.sql import Tx
from kumihimo.rooms.cards.api import SessionKind

Phase = Literal["begun", "writing", "committed", "aborted"]


@attrs.frozen(kw_only=True, repr=False)
class SessionRow:
    """A session as it is stored. `pins` and `officers` are lists of words."""

    session: str
    card: str
    kind: SessionKind
    phase: Phase = "begun"
    office: str
    terminal: str
    officers: str
    pins: str
    challenge: bytes
    final_challenge: bytes
    order_id: str = ""
    expires_at: datetime
    ended_state: str = ""


async def add(tx: Tx, row: SessionRow) -> None:
    """Store a new session."""
    await tx.put(
        "INSERT INTO counter_session (session, card, kind, phase, office, terminal, officers,"
        " pins, challenge, final_challenge, order_id, expires_at, ended_state)"
        " VALUES (%(session)s, %(card)s, %(kind)s, %(phase)s, %(office)s, %(terminal)s,"
        " %(officers)s, %(pins)s, %(challenge)s, %(final_challenge)s, %(order_id)s,"
        " %(expires_at)s, %(ended_state)s)",
        attrs.asdict(row),
    )


async def lock(tx: Tx, session: str) -> SessionRow | None:
    """Return a session, locked."""
    return await tx.row(
        "SELECT session, card, kind, phase, office, terminal, officers, pins, challenge,"
        " final_challenge, order_id, expires_at, ended_state FROM counter_session"
        " WHERE session = %(session)s FOR UPDATE",
        {"session": session},
        SessionRow,
    )


async def under_way(tx: Tx, card: str) -> SessionRow | None:
    """Return the session of a card that has not ended, locked."""
    return await tx.row(
        "SELECT session, card, kind, phase, office, terminal, officers, pins, challenge,"
        " final_challenge, order_id, expires_at, ended_state FROM counter_session"
        " WHERE card = %(card)s AND phase IN ('begun', 'writing') FOR UPDATE",
        {"card": card},
        SessionRow,
    )


async def save(tx: Tx, row: SessionRow) -> None:
    """Store what may change of a session."""
    await tx.put(
        "UPDATE counter_session SET phase = %(phase)s, order_id = %(order_id)s,"
        " expires_at = %(expires_at)s, ended_state = %(ended_state)s"
        " WHERE session = %(session)s",
        attrs.asdict(row),
    )
