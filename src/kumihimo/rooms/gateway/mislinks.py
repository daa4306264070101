"""Telling the agency of a corrected link: counts and codes, never whose."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from kumihimo.kernel import outbox
from kumihimo.kernel.clock import legal_day
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.agency.api import MISLINK_PATH, MislinkMechanism, MislinkReported
from kumihimo.rooms.agency.api import PARTY as AGENCY
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.gateway.store_consequences import ConsequenceKind, ConsequenceRow
from kumihimo.rooms.gateway.store_links import SuspensionRow


async def report_mislink(
    gateway: Gateway,
    tenant: Tenant,
    tx: Tx,
    row: SuspensionRow,
    misled: Sequence[ConsequenceRow],
    now: datetime,
) -> None:
    """Tell the agency, where oversight's directory lists one: a report for each affair misled.

    Also for the affair for which this institution's links are checked; for none that is known, one
    report says so. An agency that does not answer is told later.
    """
    assert row.settled_at is not None, "only a settled link is followed up"
    if gateway.book.current().active(AGENCY) is None:
        return
    kinds: dict[str, set[ConsequenceKind]] = {}
    if tenant.institution in gateway.checks:
        kinds[gateway.checks[tenant.institution]] = set()
    for one in misled:
        kinds.setdefault(one.affair, set()).add(one.kind)
    for affair, found in sorted((kinds or {"": set()}).items()):
        report = MislinkReported(
            report=new_id(gateway.entropy),
            affair=affair,
            mechanism=msgspec.convert(row.ground, MislinkMechanism),
            links=1,
            persons=persons_shown(found),
            corrected_on=legal_day(row.settled_at),
            state="corrected",
        )
        await outbox.put(
            tx,
            topic=MISLINK_PATH,
            destination=AGENCY,
            sender=tenant.institution,
            body=msgspec.json.encode(report),
            at=now,
        )


def persons_shown(kinds: Iterable[ConsequenceKind]) -> int:
    """Count whose data reached another: the record's own person, and whose number it was."""
    found = set(kinds)
    return int(bool(found & {"given", "seen"})) + int("taken" in found)
