"""Telling the agency of a link in doubt and of what becomes of it: counts and codes, never whose.

A doubt is one case. It is told when it is noted, when the link turns out right or is put right, and
when every letter that persons were owed has gone out; where the affairs are known, in a report for
each beside that of the case, since each has its own ministry in charge.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import attrs
import msgspec

from kumihimo.kernel import outbox
from kumihimo.kernel.clock import legal_day
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.agency.api import (
    MISLINK_PATH,
    MislinkLeak,
    MislinkMechanism,
    MislinkReported,
    MislinkState,
)
from kumihimo.rooms.agency.api import PARTY as AGENCY
from kumihimo.rooms.gateway import store_mislinks as store
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.gateway.store_consequences import (
    ConsequenceKind,
    ConsequenceRow,
    LeakCaseRow,
)
from kumihimo.rooms.gateway.store_links import SuspensionRow
from kumihimo.rooms.gateway.store_mislinks import MislinkRow

WHOLE: Final = ""  # the affair of the report that speaks of the whole case


def _listens(gateway: Gateway) -> bool:
    """Whether oversight's directory lists an agency. One that does not answer is told later."""
    return gateway.book.current().active(AGENCY) is not None


async def doubted(
    gateway: Gateway,
    tenant: Tenant,
    tx: Tx,
    rows: Sequence[SuspensionRow],
    affairs: Mapping[str, str],
    now: datetime,
) -> None:
    """Tell of links that are in doubt from now on.

    `affairs`: for which affair the institution keeps the record, by suspension, where it said so.
    """
    if not _listens(gateway):
        return
    for row in rows:
        known = {WHOLE: 0} | dict.fromkeys(filter(None, [affairs.get(row.suspension, "")]), 0)
        reports = await _open(gateway, tenant, tx, row, known)
        await _tell(tenant, tx, row, reports, "suspected", now)


async def found_right(
    gateway: Gateway, tenant: Tenant, tx: Tx, row: SuspensionRow, now: datetime
) -> None:
    """Tell that a link was right. A doubt of which nobody was told stays so."""
    reports = await store.of_suspension(tx, row.suspension) if _listens(gateway) else []
    await _tell(tenant, tx, row, reports, "confirmed", now)


async def corrected(
    gateway: Gateway,
    tenant: Tenant,
    tx: Tx,
    row: SuspensionRow,
    misled: Sequence[ConsequenceRow],
    leak: LeakCaseRow | None,
    now: datetime,
) -> None:
    """Tell that a number was put right, and in which affairs the wrong one had misled.

    Also for the affair for which this institution's links are checked.
    """
    if not _listens(gateway):
        return
    kinds: dict[str, set[ConsequenceKind]] = {WHOLE: {one.kind for one in misled}}
    if tenant.institution in gateway.checks:
        kinds[gateway.checks[tenant.institution]] = set()
    for one in misled:
        kinds.setdefault(one.affair, set()).add(one.kind)
    persons = {affair: persons_shown(found) for affair, found in kinds.items()}
    told = {one.affair: one for one in await store.of_suspension(tx, row.suspension)}
    for affair, one in told.items():
        await store.count_persons(tx, one.report, persons.get(affair, 0))
    new = {affair: count for affair, count in persons.items() if affair not in told}
    await _open(gateway, tenant, tx, row, new)
    reports = await store.of_suspension(tx, row.suspension)
    await _tell(tenant, tx, row, reports, "corrected", now, leak=leak)


async def persons_told(
    gateway: Gateway,
    tenant: Tenant,
    tx: Tx,
    row: SuspensionRow,
    leak: LeakCaseRow | None,
    now: datetime,
) -> None:
    """Tell that every letter of a case has gone out."""
    reports = await store.of_suspension(tx, row.suspension) if _listens(gateway) else []
    await _tell(tenant, tx, row, reports, "told", now, leak=leak)


async def _open(
    gateway: Gateway, tenant: Tenant, tx: Tx, row: SuspensionRow, persons: Mapping[str, int]
) -> list[MislinkRow]:
    new = [
        MislinkRow(
            report=new_id(gateway.entropy),
            suspension=row.suspension,
            affair=affair,
            persons=count,
        )
        for affair, count in sorted(persons.items())
    ]
    await store.add(tx, tenant.institution, new)
    return new


async def _tell(
    tenant: Tenant,
    tx: Tx,
    row: SuspensionRow,
    reports: Sequence[MislinkRow],
    state: MislinkState,
    now: datetime,
    *,
    leak: LeakCaseRow | None = None,
) -> None:
    whole = next((one.report for one in reports if one.affair == WHOLE), "")
    for one in reports:
        report = MislinkReported(
            report=one.report,
            affair=one.affair,
            mechanism=msgspec.convert(row.ground, MislinkMechanism),
            links=1,
            persons=one.persons,
            corrected_on=legal_day(row.settled_at) if row.settled_at and _changed(state) else None,
            state=state,
            case="" if one.affair == WHOLE else whole,
            leak=_leak(leak) if leak else None,
        )
        await outbox.put(
            tx,
            topic=MISLINK_PATH,
            destination=AGENCY,
            sender=tenant.institution,
            body=msgspec.json.encode(report),
            at=now,
        )


def _changed(state: MislinkState) -> bool:
    return state in {"corrected", "told"}


def _leak(leak: LeakCaseRow) -> MislinkLeak:
    return msgspec.convert(attrs.asdict(leak), MislinkLeak)


def persons_shown(kinds: Iterable[ConsequenceKind]) -> int:
    """Count whose data reached another: the record's own person, and whose number it was."""
    found = set(kinds)
    return int(bool(found & {"given", "seen"})) + int("taken" in found)
