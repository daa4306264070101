"""What happens to certificates: events from cards by order, changes of the register by person."""

from collections.abc import Iterable

from kumihimo.kernel.ids import is_id
from kumihimo.kernel.refusal import BadInput, NotAllowed, NotFound
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.jpki import store_certificates as certificates
from kumihimo.rooms.jpki.api import (
    EVENTS_MAX,
    EventKind,
    StatusChanged,
    StatusEvent,
    StatusEvents,
)
from kumihimo.rooms.jpki.context import Jpki
from kumihimo.rooms.jpki.domain.orders import HOLDER_BYTES, Holder
from kumihimo.rooms.jpki.domain.reasons import after
from kumihimo.rooms.jpki.domain.refusals import HolderEnded, OrderDropped, StaleOrder
from kumihimo.rooms.jpki.issuance import require_cards, supersede
from kumihimo.rooms.jpki.store_certificates import CertificateRow, IssuanceRow
from kumihimo.rooms.register.api import CHANGES_MAX, EventsTaken, ResidentChanged, ResidentsChanged
from kumihimo.rooms.register.api import PARTY as REGISTER

_PRINTED = frozenset({"name", "address", "birth", "sex"})
_FROM_REGISTER = frozenset({"attributes-changed", "death", "departure"})


async def take_status_events(jpki: Jpki, sender: str, batch: StatusEvents) -> StatusChanged:
    """Do what the events say, all or nothing; an event that came before changes nothing."""
    require_cards(jpki, sender)
    if not 1 <= len(batch.events) <= EVENTS_MAX:
        raise BadInput(f"1 to {EVENTS_MAX} events", pointer="events")
    changed = 0
    async with jpki.database.transaction() as tx:
        for index, event in enumerate(batch.events):
            changed += await _take(jpki, tx, event, place=f"events[{index}]")
        await jpki.journal(
            tx, "status-events-taken", sender, events=len(batch.events), changed=changed
        )
    return StatusChanged(changed=changed)


async def _take(jpki: Jpki, tx: Tx, event: StatusEvent, *, place: str) -> int:
    if not is_id(event.event):
        raise BadInput("an event id is 22 characters of base64url", pointer=f"{place}.event")
    if event.kind in _FROM_REGISTER:
        raise BadInput("register tells of this", pointer=f"{place}.kind")
    if not is_id(event.order):
        raise NotFound(pointer=f"{place}.order")
    await certificates.lock_order(tx, event.order)
    order = await certificates.issuance(tx, event.order)
    if order is None and event.kind == "never-delivered":
        # The order may still be on its way here: it must find that it was given up.
        await certificates.drop_order(tx, event.order, jpki.today())
        return 0
    if order is None:
        raise NotFound(pointer=f"{place}.order")
    await certificates.lock_holder(tx, bytes(order.holder))
    if not await certificates.add_status_event(tx, event.event, event.order, event.kind):
        return 0
    return await _happen(jpki, tx, event)


async def _happen(jpki: Jpki, tx: Tx, event: StatusEvent) -> int:
    order = await certificates.issuance(tx, event.order)
    assert order is not None, "orders are for ever; nothing happens to this one meanwhile"
    if event.kind == "delivered":
        return await _deliver(jpki, tx, order)
    if event.kind == "never-delivered" and order.state == "open":
        await certificates.close_issuance(
            tx, order.issuance, state="refused", refusal=OrderDropped.code
        )
    found = await certificates.of_order(tx, event.order)
    return await change(jpki, tx, event.kind, [c for c in found if event.only in {None, c.ca}])


async def _deliver(jpki: Jpki, tx: Tx, order: IssuanceRow) -> int:
    """Let the certificates of a card that arrived take the place of those used until now."""
    if not order.awaits_delivery:
        return 0
    placed = 0
    for row in await certificates.of_order(tx, order.issuance):
        predecessor = await supersede(jpki, tx, order, row.ca)
        if predecessor is not None:
            await certificates.put_in_place(tx, row, predecessor=predecessor)
            placed += 1
    await certificates.arrive(tx, order.issuance)
    return placed


async def change(jpki: Jpki, tx: Tx, kind: EventKind, found: Iterable[CertificateRow]) -> int:
    """Change certificates as an event says; returns how many. One that has ended is left alone."""
    now, changed = jpki.clock.now(), 0
    for row in found:
        new = after(kind, ca=row.ca, carrier=row.carrier, status=row.status, reason=row.reason)
        if new is not None and row.not_after >= now:
            await certificates.set_status(tx, row, new, now)
            changed += 1
    return changed


async def take_changes(jpki: Jpki, sender: str, batch: ResidentsChanged) -> EventsTaken:
    """Take changes of the register; those that are known change nothing, in whatever order."""
    if sender != REGISTER:
        raise NotAllowed("only register tells of residents")
    if not 1 <= len(batch.changes) <= CHANGES_MAX:
        raise BadInput(f"1 to {CHANGES_MAX} changes", pointer="changes")
    changed = 0
    async with jpki.database.transaction() as tx:
        for one in sorted(batch.changes, key=lambda c: c.holder):  # one order, so no deadlock
            changed += await _take_change(jpki, tx, one)
        await jpki.journal(
            tx, "residents-changed", sender, changes=len(batch.changes), certificates=changed
        )
    return EventsTaken(new=changed)


async def _take_change(jpki: Jpki, tx: Tx, one: ResidentChanged) -> int:
    if len(one.holder) != HOLDER_BYTES:
        raise BadInput("a holder reference is 32 bytes", pointer="changes")
    await certificates.lock_holder(tx, one.holder)
    printed = _PRINTED.intersection(one.changed)
    told = Holder(one.version, one.version if printed else 0, one.standing)
    await certificates.put_holder(tx, one.holder, told)
    kinds: list[EventKind] = []
    if one.standing == "dead":
        kinds.append("death")
    elif one.standing == "abroad":
        kinds.append("departure")
    if printed:
        kinds.append("attributes-changed")
    changed = 0
    for kind in kinds:
        found = await certificates.of_holder(
            tx, one.holder, before=one.version, abroad=kind != "departure"
        )
        changed += await change(jpki, tx, kind, found)
    await _refuse_open(tx, one, printed=bool(printed))
    return changed


async def _refuse_open(tx: Tx, one: ResidentChanged, *, printed: bool) -> None:
    """End orders of the person whose certificates are not there yet: they would be false."""
    for order in await certificates.open_orders(tx, holder=one.holder):
        row = await certificates.issuance(tx, order)
        assert row is not None, "it was just found"
        if row.version >= one.version:
            continue
        ended = one.standing == "dead" or (one.standing == "abroad" and not row.abroad)
        signs = any(i.ca == "sign" for i in await certificates.intents(tx, order))
        if ended or (printed and signs):
            code = HolderEnded.code if ended else StaleOrder.code
            await certificates.close_issuance(tx, order, state="refused", refusal=code)
