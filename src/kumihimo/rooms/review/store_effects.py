"""SQL of what the gateway is told: asked for with the decision, ended when it has answered."""

from datetime import datetime
from typing import Final

import attrs

from kumihimo.kernel import outbox
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.review.api import EffectKind
from kumihimo.rooms.review.store import ItemRow

GATEWAY: Final = "gateway"
_LETTERS: Final = 10_000  # in one statement: some hundred kilobytes


@attrs.frozen(kw_only=True)
class EffectRow:
    """One thing to tell. `mechanism` is what people decided on, or else what the audit says.

    `case_round` is the round in which the link was suspended; `gateway_case` the gateway's own case
    of it, where it had suspended the link before the desk did. `officers` are those who agreed on
    it, in order, with a space between; `behind`: something about the same item was asked for before
    and is not done.
    """

    link_effect: int
    item: str
    round: int
    case_round: int
    gateway_case: str
    affair: str
    record_id: str
    kind: str
    state: str
    mechanism: str
    officers: str
    correction_locked: bytes | None
    behind: bool


@attrs.frozen(kw_only=True)
class EffectShown:
    """One thing that was told or waits, for a page."""

    link_effect: int
    item: str
    kind: str
    state: str
    reason: str
    asked_at: datetime
    ended_at: datetime | None


@attrs.frozen
class _Asked:
    link_effect: int
    kind: str


async def ask(
    tx: Tx, row: ItemRow, kind: EffectKind, *, correction: bytes | None, at: datetime
) -> None:
    """Note what the gateway is to be told, and put a letter that says no more than where it is."""
    effect = await tx.value(
        "INSERT INTO link_effect (item, round, case_round, kind, correction_locked, state,"
        " asked_at) VALUES (%(item)s, %(round)s, %(case)s, %(kind)s, %(correction)s, 'waiting',"
        " %(at)s) RETURNING link_effect",
        {
            "item": row.item,
            "round": row.round,
            "case": row.round if row.suspended_in is None else row.suspended_in,
            "kind": kind,
            "correction": correction,
            "at": at,
        },
    )
    await _put(tx, _Asked(int(effect), kind), at)


async def _put(tx: Tx, asked: _Asked, at: datetime) -> None:
    body = str(asked.link_effect).encode("ascii")
    await outbox.put(tx, topic=asked.kind, destination=GATEWAY, body=body, at=at)


async def suspend_all(tx: Tx, run: str, *, at: datetime) -> int:
    """Have the links suspended of which an audit says that they are another's; returns how many.

    A family member, a twin, an unrelated person: viewing stops before anybody has looked (3-1 of
    the source document); a namesake is held by the audit until a person has looked.
    """
    asked = await tx.rows(
        "WITH doubted AS (UPDATE item SET suspended_in = round WHERE audit_run = %(run)s"
        " AND state = 'open' AND looks = 0 AND suspended_in IS NULL AND verdict = 'mislink'"
        " AND mechanism IN ('household', 'twin', 'random') RETURNING item, round)"
        " INSERT INTO link_effect (item, round, case_round, kind, state, asked_at)"
        " SELECT item, round, round, 'suspend', 'waiting', %(at)s FROM doubted"
        " RETURNING link_effect, kind",
        {"run": run, "at": at},
        _Asked,
    )
    bodies = [str(one.link_effect).encode("ascii") for one in asked]
    for start in range(0, len(bodies), _LETTERS):
        some = bodies[start : start + _LETTERS]
        await outbox.put_all(tx, topic=EffectKind.SUSPEND, destination=GATEWAY, bodies=some, at=at)
    return len(asked)


async def lock_effect(tx: Tx, effect: int) -> EffectRow | None:
    """Return one thing to tell, locked, with what is needed to tell it."""
    return await tx.row(
        "SELECT e.link_effect, e.item, e.round, e.case_round, i.gateway_case, i.affair, i.record_id,"
        " e.kind, e.state,"
        " coalesce((SELECT l.mechanism FROM look l WHERE l.item = e.item AND l.round = e.round"
        "  AND l.answer = 'wrong' AND l.mechanism <> '' AND NOT l.taken_back"
        "  ORDER BY l.place LIMIT 1), i.mechanism) AS mechanism,"
        " coalesce((SELECT string_agg(l.officer, ' ' ORDER BY l.place) FROM look l"
        "  WHERE l.item = e.item AND l.round = e.round AND NOT l.taken_back"
        "  AND (CASE WHEN e.kind = 'confirm' THEN l.answer IN ('own', 'notation')"
        "   ELSE l.answer = 'wrong' END)"
        "  AND l.number_tag = (SELECT k.number_tag FROM look k WHERE k.item = e.item"
        "   AND k.round = e.round AND NOT k.taken_back ORDER BY k.place DESC LIMIT 1)), '')"
        "  AS officers,"
        " e.correction_locked,"
        " EXISTS (SELECT 1 FROM link_effect b WHERE b.item = e.item"
        "  AND b.link_effect < e.link_effect AND b.state = 'waiting') AS behind"
        " FROM link_effect e JOIN item i USING (item) WHERE e.link_effect = %(effect)s"
        " FOR UPDATE OF e",
        {"effect": effect},
        EffectRow,
    )


async def end(
    tx: Tx, row: EffectRow, *, state: str, reason: str, gateway_case: str, at: datetime
) -> None:
    """Write down what the gateway answered; what it was given goes when it is there.

    `gateway_case`: the case under which it holds the link suspended, "" for the desk's own.
    """
    await tx.put(
        "UPDATE link_effect SET state = %(state)s, reason = %(reason)s, ended_at = %(at)s,"
        " correction_locked = CASE WHEN %(state)s = 'done' THEN NULL ELSE correction_locked END"
        " WHERE link_effect = %(effect)s",
        {"effect": row.link_effect, "state": state, "reason": reason, "at": at},
    )
    stands = (row.kind == EffectKind.SUSPEND) == (state == "done")
    if row.kind == EffectKind.SUSPEND or not stands:
        await tx.put(
            "UPDATE item SET suspended_in = %(round)s, gateway_case = %(case)s"
            " WHERE item = %(item)s",
            {
                "item": row.item,
                "round": row.case_round if stands else None,
                "case": gateway_case if stands else "",
            },
        )


async def ask_again(tx: Tx, effect: int, *, at: datetime) -> bool:
    """Try once more what the gateway refused."""
    asked = await tx.row(
        "UPDATE link_effect SET state = 'waiting', reason = '', ended_at = NULL"
        " WHERE link_effect = %(effect)s AND state = 'refused' RETURNING link_effect, kind",
        {"effect": effect},
        _Asked,
    )
    if asked is not None:
        await _put(tx, asked, at)
    return asked is not None


async def effects_of(tx: Tx, item: str) -> list[EffectShown]:
    """Return what the gateway was told of an item, in order."""
    return await tx.rows(
        "SELECT link_effect, item, kind, state, reason, asked_at, ended_at FROM link_effect"
        " WHERE item = %(item)s ORDER BY link_effect",
        {"item": item},
        EffectShown,
    )


async def waiting(tx: Tx) -> int:
    """Return how much waits for the gateway."""
    return int(await tx.value("SELECT count(*) FROM link_effect WHERE state = 'waiting'"))


async def refused(tx: Tx, *, most: int) -> list[EffectShown]:
    """Return what the gateway refused, the oldest first."""
    return await tx.rows(
        "SELECT link_effect, item, kind, state, reason, asked_at, ended_at FROM link_effect"
        " WHERE state = 'refused' ORDER BY link_effect LIMIT %(most)s",
        {"most": most},
        EffectShown,
    )
