"""A link was corrected: the agency is told how many and how, and the ministry in charge reads it."""

from datetime import timedelta

from kumihimo.kernel.sql import Database
from kumihimo.rooms.agency import service
from kumihimo.rooms.agency.api import OF_MINISTRY_PATH, MislinksAsked, MislinksTold
from kumihimo.rooms.agency.app import build
from kumihimo.rooms.agency.service import Agency
from kumihimo.rooms.gateway import consequences
from kumihimo.rooms.gateway.business_links import LinkCorrected, LinkSuspended
from kumihimo.rooms.gateway.domain.providing import SELF_INFORMATION
from tests.federation.street import ALLOWANCE, OSAKA, transport_to
from tests.federation.test_after_a_correction import JOHN_WRITTEN, correct, mistaken
from tests.federation.test_exchange import JOHN
from tests.nowhere import nowhere, nowhere_by_itself

LATER = timedelta(minutes=6)
IN_CHARGE = {"mhlw": frozenset({ALLOWANCE}), "mext": frozenset({"b123"})}


async def open_agency(street, new_room):
    """Let oversight list an agency and two ministries; returns the agency and its database."""
    name, reached = new_room("agency")
    database = Database(reached.runtime, pool_max=2)
    await database.open()
    street.databases.append(database)
    for party in ("agency", *IN_CHARGE):
        street.party(party)
    street.publish()
    keys, entropy = street.keys["agency"], street.entropy
    agency = Agency(database, keys, street.book, street.clock, entropy, IN_CHARGE)
    room = build(agency, net=street.net, report=lambda *bug: street.bugs.append(bug))
    street.agency = agency
    street.routes["agency"] = "http://agency"
    street.transport.apps["agency"] = transport_to(room.app)
    return name


async def read(street, ministry):
    answer, _ = await street.caller(ministry).call(
        "agency", OF_MINISTRY_PATH, MislinksAsked(), MislinksTold
    )
    return answer.reports


def test_the_ministry_in_charge_reads_of_a_corrected_link_and_another_does_not(
    on_street, new_room, postgres
):
    async def story(street):
        name = await open_agency(street, new_room)
        desk, given, _ = await mistaken(street)
        await correct(desk)
        await consequences.run_once(desk.room.gateway, desk.tenant)
        street.transport.down.add("agency")
        await street.deliver()
        assert len(street.leaks) == 1, "a silent agency delays nobody else"
        assert await read_when_up(street, "mhlw") == [(OSAKA, ALLOWANCE, "household", 1, 2)]
        assert await read(street, "mext") == ()
        dump = postgres.dump(name)
        assert SELF_INFORMATION.encode() in dump, "what no ministry reads is told all the same"
        personal = (
            "123456789018",
            JOHN_WRITTEN.name,
            JOHN_WRITTEN.address,
            given.inquiry,
            street.leaks[0][1].leak,
        )
        assert all(nowhere(one.encode(), dump) for one in personal)
        assert all(nowhere_by_itself(one, dump) for one in ("case-1", "3210000"))
        assert JOHN not in dump
        assert JOHN.hex().encode() not in dump

    on_street(story)


async def states(street, ministry="mhlw"):
    await street.deliver()
    return [(one.reported.state, one.reported.persons) for one in await read(street, ministry)]


def test_a_ministry_reads_of_a_doubt_of_its_end_and_of_the_letters_that_went_out(
    on_street, new_room
):
    async def story(street):
        await open_agency(street, new_room)
        desk, _, _ = await mistaken(street)
        await suspend(desk, "case-0")
        assert await states(street) == [("suspected", 0)]
        await desk(lambda c: c.confirm_link("7", case="case-0", officer="o1", approver="o2"))
        assert await states(street) == [("confirmed", 0)]
        street.clock.advance(timedelta(minutes=1))
        await suspend(desk, "case-1")
        await put_right(desk)
        assert await states(street) == [("confirmed", 0), ("suspected", 0)], "not followed up yet"
        await consequences.run_once(desk.room.gateway, desk.tenant)
        assert await states(street) == [("confirmed", 0), ("corrected", 2)]
        found = (await desk(lambda c: c.consequences("7", case="case-1"))).leak
        told = (await read(street, "mhlw"))[-1].reported.leak
        assert (told.preliminary_due, told.final_due) == (found.preliminary_due, found.final_due)
        *letters, last = await desk(lambda c: c.notices())
        for letter in letters:
            await desk(lambda c, n=letter.notice: c.notice_sent(n, officer="o1"))
        assert await states(street) == [("confirmed", 0), ("corrected", 2)], "one waits for hers"
        await desk(lambda c: c.notice_sent(last.notice, officer="o1"))
        assert await states(street) == [("confirmed", 0), ("told", 2)]
        assert await states(street, "mext") == []
        agency = street.agency
        [case, before] = await service.cases(agency)
        assert (before.state, before.affairs) == ("confirmed", [ALLOWANCE])
        assert (case.state, case.affairs) == ("told", [ALLOWANCE, SELF_INFORMATION])
        assert (case.links, case.persons, case.leak_types) == (1, 2, "1a")

    on_street(story)


async def suspend(desk, case):
    link = LinkSuspended(addressee="7", ground="household", case=case, affair=ALLOWANCE)
    await desk(lambda c: c.suspend_links([link], officer="o1"))


async def put_right(desk):
    order = LinkCorrected(addressee="7", case="case-1", officer="o1", approver="o2", source="none")
    await desk(lambda c: c.correct_link(order))


async def read_when_up(street, ministry):
    street.transport.down.discard("agency")
    street.clock.advance(LATER)
    await street.deliver()
    return [
        (
            r.institution,
            r.reported.affair,
            r.reported.mechanism,
            r.reported.links,
            r.reported.persons,
        )
        for r in await read(street, ministry)
    ]


def test_without_an_agency_in_the_directory_no_letter_waits_for_one(on_street):
    async def story(street):
        desk, _, _ = await mistaken(street)
        await correct(desk)
        await consequences.run_once(desk.room.gateway, desk.tenant)
        await street.deliver()
        assert await desk.room.outbox.depth() == (0, None)

    on_street(story)
