"""A link was corrected: the agency is told how many and how, and the ministry in charge reads it."""

from datetime import timedelta

from kumihimo.kernel.sql import Database
from kumihimo.rooms.agency.api import OF_MINISTRY_PATH, MislinksAsked, MislinksTold
from kumihimo.rooms.agency.app import build
from kumihimo.rooms.agency.service import Agency
from kumihimo.rooms.gateway import consequences
from kumihimo.rooms.gateway.domain.providing import SELF_INFORMATION
from tests.federation.street import ALLOWANCE, OSAKA, transport_to
from tests.federation.test_after_a_correction import JOHN_WRITTEN, correct, mistaken
from tests.federation.test_exchange import JOHN

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
    app = build(agency, report=lambda *bug: street.bugs.append(bug))
    street.routes["agency"] = "http://agency"
    street.transport.apps["agency"] = transport_to(app)
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
            "case-1",
            "3210000",
        )
        assert not [one for one in personal if one.encode() in dump]
        assert JOHN not in dump
        assert JOHN.hex().encode() not in dump

    on_street(story)


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
