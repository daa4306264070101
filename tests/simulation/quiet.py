"""The end of a simulation: the network heals, all work is done, and everything must fit."""

from collections import Counter

import msgspec

from kumihimo.kernel import journal
from kumihimo.kernel.group import Point, invert, multiply, parse_scalar
from kumihimo.kernel.keys import open_payload
from kumihimo.kernel.refusal import Unavailable
from kumihimo.rooms.gateway import acquire, answers, rotation, sending
from kumihimo.rooms.gateway.business import Decide
from kumihimo.rooms.ledger import chain
from kumihimo.rooms.ledger import rotation as ledger_rotation
from kumihimo.rooms.ledger.domain.codes import Coded
from kumihimo.rooms.ledger.service import END_WITHIN, my_records
from kumihimo.rooms.ledger.store import Wanted
from kumihimo.rooms.ledger.witnessed import be_witnessed
from kumihimo.rooms.linkage import api as linkage
from kumihimo.rooms.register import api as register
from tests.federation.street import MINATO
from tests.federation.test_register_and_core import ask
from tests.rooms.register.made import attributes, birth
from tests.simulation.federation import INSTITUTIONS, PERSONS
from tests.simulation.watch import PASSING, EndLine

ROUNDS = 40
ROUNDS_OF_CHECKS = 3
CHECKS_IN_TEN_SECONDS = 2


async def come_to_rest(federation, truth, watch):
    """Heal the network, let all work be done, and compare all ends."""
    federation.transport.heal()
    for request, _ in federation.transport.late:
        await federation.transport.hand_over(request)
    for _ in range(ROUNDS):
        federation.clock.tick(301)
        if not await _work(federation):
            break
    else:
        raise AssertionError("the federation does not come to rest")
    await watch.look(all_of_it=True)
    await _all_checks_pass(federation)
    await _ends_agree(federation, truth, watch)
    federation.clock.tick(2 * END_WITHIN.total_seconds())  # who kept silent hides nothing any more
    await _lists_are_complete(federation, truth, watch)
    for database in federation.databases_of.values():
        async with database.transaction() as tx:
            await journal.verify(tx)


async def _all_checks_pass(federation):
    """Let every room look at all it has: nobody touched anything, so nothing may be found."""
    room, pinned = federation.ledger, federation.book.pinned
    await be_witnessed(room.ledger, room.caller, pinned=pinned)
    for _ in range(ROUNDS_OF_CHECKS):
        await all_check(federation)
    assert not any(all_found(federation).values()), f"honest rooms: {all_found(federation)}"
    whole = {anchors.whole_at for anchors in federation.anchors.values()}
    assert {*whole, room.checker.whole_at} == {federation.clock.now()}, (
        "not all of it was looked at"
    )


async def all_check(federation, *, edited=False):
    """Let ten seconds pass, in which each room does what it does in ten seconds to check itself."""
    federation.clock.tick(10)
    for party, anchors in federation.anchors.items():
        try:
            await anchors.run_once()
        except Unavailable:
            # Oversight's leaves wait until the ledger fetches them; and an oversight whose own
            # journal was edited may take no alarm any more, so the others tell it for ever.
            assert party == "oversight" or edited, party
    for _ in range(CHECKS_IN_TEN_SECONDS):
        await federation.fetching.run_once()
        await federation.ledger.checker.run_once()
    await federation.oversight_room.checker.run_once()
    await federation.linkage.checker.run_once()


def all_found(federation):
    """Return what every room finds wrong with itself."""
    wrong = {party: {*one.found} for party, one in federation.anchors.items()}
    found = {f"journal of {one}": {w for w in wrong[one] if not w.table} for one in wrong}
    found |= {f"tables of {one}": {w for w in wrong[one] if w.table} for one in wrong}
    found["exchanges of linkage"] = {what for what, _ in federation.linkage.checker.found}
    found["rows of ledger"] = {what for what, _ in federation.ledger.checker.found}
    found["state of oversight"] = {*federation.oversight_room.checker.found}
    return found


async def _work(federation):
    moved = 0
    for name in INSTITUTIONS:
        room, tenant = federation.room(name), federation.tenants[name]
        moved += await acquire.run_once(room.gateway, tenant)
        moved += await sending.run_once(room.gateway, tenant)
        for waiting in await answers.waiting(room.gateway, tenant):
            decision = Decide(permit=waiting.permit, decision="provide", officer="o1")
            await answers.decide(room.gateway, tenant, decision)
            moved += 1
        async with room.gateway.database.transaction(institution=name) as tx:
            broken_off = await tx.value("SELECT count(*) FROM rotation WHERE finished_on IS NULL")
        if broken_off:
            await rotation.rotate(room.gateway, tenant)
    await ledger_rotation.resume(federation.ledger.ledger, federation.ledger.caller)
    moved += await chain.place(federation.ledger.ledger)
    for outbox in federation.outboxes.values():
        moved += await outbox.run_once()
    for outbox in federation.outboxes.values():
        depth, _ = await outbox.depth()
        moved += depth
    return moved


async def _ends_agree(federation, truth, watch):
    for party, database in federation.databases_of.items():
        async with database.transaction() as tx:
            dead = await tx.value("SELECT count(*) || ' ' || min(reason) FROM dead_letter")
        assert dead is None, f"{party} has dead letters: {dead}"
    told = watch.rows("linkage", "SELECT permit, side, outcome, hidden FROM exchange_end", EndLine)
    passed_on = watch.rows(
        "ledger", "SELECT permit, side, outcome, hidden FROM record_end", EndLine
    )
    at_core, at_ledger = ({(e.permit, e.side): e for e in found} for found in (told, passed_on))
    assert at_core == at_ledger, "core and ledger were told of different ends"
    assert set(watch.core) == set(watch.ledger), "core and ledger hold different records"
    for inquiry, asked in truth.asked.items():
        line = watch.inquiries[inquiry]
        assert line.outcome not in PASSING, f"never answered: {line} {asked}"
        if line.outcome != "PENDING_ACQUISITION":
            key = (asked.requester, "requester", inquiry)
            assert watch.records.get(key) == line.outcome, f"not on record at home: {line}"
        if line.permit is not None:
            told = at_core.get((line.permit, "requester"))
            assert told, f"the core never heard of the requester's end: {line}"
            assert told.outcome == line.outcome, f"{told}: {line}"
        if line.outcome == "OK":
            assert at_core[line.permit, "provider"].outcome == "OK", f"{line}"
    for permit, line in watch.given.items():
        record, told = watch.core[permit], at_core.get((permit, "provider"))
        assert told, f"the core never heard of the provider's end: {line}"
        # What nobody decided is forgotten in the end, and told as expired.
        never = line.outcome == "PENDING_MANUAL" and told.outcome == "EXPIRED"
        assert never or told.outcome == line.outcome, f"{told}: {line}"
        if told.outcome != "PENDING_MANUAL":
            here = watch.records.get((record.provider, "provider", permit))
            assert here == told.outcome, f"not on record at the provider: {line}"


async def _lists_are_complete(federation, truth, watch):
    ends = watch.rows("ledger", "SELECT permit, side, outcome, hidden FROM record_end", EndLine)
    hidden = {end.permit for end in ends if end.hidden}
    for who in range(PERSONS):
        expected = Counter(
            line.record
            for line in watch.core.values()
            if truth.asked[line.inquiry].person == who
            and not line.hidden
            and line.permit not in hidden
        )
        page = await _read(federation, who)
        read = Counter(record.record for record in page.records)
        _numbered(page, ends, watch)
        assert read == expected, f"person {who} reads {len(read)} records of {len(expected)}"
    refused = {i for i, one in truth.asked.items() if not one.had_case and one.had_code}
    told = {line.inquiry for line in watch.core.values()}
    assert refused <= told, f"refusals that the core never heard of: {refused - told}"


def _numbered(page, ends, watch):
    """Check that no number is missing, and that nothing that is certain lacks one."""
    numbers = sorted(one.number for one in page.records if one.number is not None)
    assert numbers == list(range(1, page.last + 1)), f"{numbers} up to {page.last}"
    assert bool(numbers) == bool(page.first), f"from {page.first}"
    said = Counter(end.permit for end in ends if end.outcome != "PENDING_MANUAL")
    lines = {line.record: line for line in watch.core.values()}
    for one in page.records:
        line = lines[one.record]
        certain = line.outcome != "OK" or said[line.permit] == len(("requester", "provider"))
        assert (one.number is not None) == certain, f"numbered or not: {one}"


async def _read(federation, who):
    """Return the records that a person reads of herself."""
    code, version = await _code_at_ledger(federation, who)
    page = await my_records(federation.ledger.ledger, Coded(version, code), Wanted(limit=200))
    assert page.next == "", "more than one page"
    return page


async def _code_at_ledger(federation, who):
    asked = register.DisclosureAsked(
        number=federation.numbers[who], attributes=attributes(birth(who))
    )
    given = await ask(federation, MINATO, register.TICKET_PATH, asked, register.DisclosureTicket)
    while await federation.register_room.outbox.run_once():
        pass
    opened = open_payload(
        given.sealed,
        key=federation.keys["ledger"].payload,
        context=register.TICKET_PATH.encode(),
    )
    ticket = msgspec.json.decode(opened, type=register.Ticket)
    collected, _ = await federation.caller("ledger").call(
        "linkage", linkage.COLLECT_PATH, linkage.Collect((ticket.acquisition,)), linkage.Collected
    )
    [evaluated] = collected.evaluated
    code = multiply(invert(parse_scalar(ticket.blinding)), Point(evaluated.point))
    return code, evaluated.version
