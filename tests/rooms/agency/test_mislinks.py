"""Reports of mis-links come in through the agency's door; the ministry in charge reads them."""

import asyncio
from datetime import date, timedelta

import attrs
import msgspec
import psycopg
import pytest

from kumihimo.kernel import retention
from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.keys import PartyKeys, new_master
from kumihimo.kernel.net import Caller, HttpNet, Refused
from kumihimo.kernel.sql import Database
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.agency import service
from kumihimo.rooms.agency.api import (
    MISLINK_PATH,
    OF_MINISTRY_PATH,
    MislinkLeak,
    MislinkReported,
    MislinksAsked,
    MislinksTold,
)
from kumihimo.rooms.agency.app import build
from kumihimo.rooms.agency.service import Agency
from kumihimo.rooms.oversight.api import (
    Entry,
    Kind,
    Received,
    SignedDirectory,
    new_body,
    signed_bytes,
)
from kumihimo.rooms.oversight.client import DirectoryBook
from tests.federation.street import START, transport_to

ENTROPY = SystemEntropy()
TOWN, OTHER, HEALTH, SCHOOLS = "lg-131032", "lg-271004", "mhlw", "mext"
KINDS: dict[str, Kind] = {"oversight": "oversight", "ledger": "ledger", "agency": "agency"}
IN_CHARGE = {HEALTH: frozenset({"b081", "b056"}), SCHOOLS: frozenset({"b123"})}


ONE = timedelta(days=1)


def leak(preliminary, final):
    return MislinkLeak(types=("1a",), preliminary_due=preliminary, final_due=final)


def report(**changes):
    first = MislinkReported(
        report=new_id(ENTROPY),
        affair="b081",
        mechanism="household",
        links=2,
        persons=3,
        corrected_on=None,
        state="suspected",
    )
    return msgspec.structs.replace(first, **changes)


@attrs.frozen
class Scene:
    agency: Agency
    net: HttpNet
    keys: dict[str, PartyKeys]
    owner: Withheld[str]

    async def _call(self, party, path, message, reply):
        caller = Caller(self.keys[party], self.agency.book, self.net, self.agency.clock, ENTROPY)
        answer, _ = await caller.call("agency", path, message, reply)
        return answer

    async def send(self, message, sender=TOWN):
        return (await self._call(sender, MISLINK_PATH, message, Received)).new

    async def read(self, ministry, after=0):
        return await self._call(
            ministry, OF_MINISTRY_PATH, MislinksAsked(after=after), MislinksTold
        )

    async def counts(self):
        """Count reports and lines of the journal."""
        async with self.agency.database.transaction() as tx:
            reports = await tx.value("SELECT count(*) FROM mislink_report")
            return reports, await tx.value("SELECT count(*) FROM journal")


def listed(keys):
    """Return a directory of these parties, as oversight signs it."""
    entries = {
        name: Entry(
            party=name,
            kind=KINDS.get(name, "institution"),
            standing="active",
            keys=one.public,
        )
        for name, one in keys.items()
    }
    _, body = new_body(1, START, entries)
    return SignedDirectory(body, keys["oversight"].signing.sign(signed_bytes(body)))


@pytest.fixture
def at_agency(new_room):
    _, reached = new_room("agency")

    def run(story):
        async def whole():
            names = (*KINDS, TOWN, OTHER, HEALTH, SCHOOLS)
            keys = {name: PartyKeys(name, new_master(ENTROPY)) for name in names}
            book = DirectoryBook(keys["oversight"].public.signing)
            book.update(listed(keys))
            database = Database(reached.runtime, pool_max=2)
            await database.open()
            agency = Agency(database, keys["agency"], book, HandClock(START), ENTROPY, IN_CHARGE)
            bugs = []
            nowhere = HttpNet({})
            room = build(agency, net=nowhere, report=lambda *bug: bugs.append(bug))
            net = HttpNet({"agency": "http://agency"}, transport=transport_to(room.app))
            try:
                await story(Scene(agency, net, keys, reached.owner))
            finally:
                await nowhere.close()
                await net.close()
                await database.close()
            assert bugs == []

        asyncio.run(whole())

    return run


def test_a_report_is_taken_once_and_its_later_state_holds_whichever_comes_first(at_agency):
    async def story(scene):
        first = report()
        put_right = msgspec.structs.replace(
            first, state="corrected", corrected_on=date(2026, 6, 1), links=1
        )
        assert [await scene.send(first), await scene.send(first)] == [1, 0]
        [before] = (await scene.read(HEALTH)).reports
        assert (before.institution, before.reported) == (TOWN, first)
        assert await scene.send(put_right) == 1
        late = report(state="told", corrected_on=date(2026, 6, 1))
        earlier = msgspec.structs.replace(late, state="corrected")
        assert [await scene.send(late), await scene.send(earlier)] == [1, 1]
        found = await scene.read(HEALTH)
        assert [one.reported for one in found.reports] == [put_right, late]
        assert (await scene.read(HEALTH, after=found.after)).reports == ()
        assert await scene.counts() == (4, 4 + 3), "what was told before stays"
        assert await scene.send(first, OTHER) == 1, "an id is its institution's own"

    at_agency(story)


def test_a_ministry_reads_the_affairs_that_it_is_in_charge_of_and_no_other(at_agency):
    async def story(scene):
        mine, also, schools, nobodys = (
            report(affair=affair) for affair in ("b081", "b056", "b123", "")
        )
        for one in (mine, schools, nobodys, also):
            await scene.send(one)
        assert [r.reported for r in (await scene.read(HEALTH)).reports] == [mine, also]
        assert [r.reported for r in (await scene.read(SCHOOLS)).reports] == [schools]
        for nobody in (TOWN, "ledger"):
            with pytest.raises(Refused) as refusal:
                await scene.read(nobody)
            assert refusal.value.reason == "not-allowed"

    at_agency(story)


def case(**changes):
    """Return one case in every state that a link which was put right goes through, in two affairs."""
    whole, of_affair = report(affair="", links=1, persons=0), report(links=1, persons=0)
    of_affair = msgspec.structs.replace(of_affair, case=whole.report)
    leak = MislinkLeak(types=("1a",), preliminary_due=date(2026, 6, 6), final_due=date(2026, 7, 1))
    later = {"corrected_on": date(2026, 6, 1), "leak": leak, "persons": 2} | changes
    return [
        [msgspec.structs.replace(one, **more) for one in (whole, of_affair)]
        for more in ({}, {"state": "corrected"} | later, {"state": "told"} | later)
    ]


def test_a_doubt_and_all_that_comes_of_it_is_one_case_with_its_days(at_agency):
    async def story(scene):
        suspected, corrected, told = case()
        for one in suspected:
            await scene.send(one)
        await scene.send(report(affair="b123", mechanism="twin"), OTHER)
        [first] = await service.cases(scene.agency, institution=TOWN)
        assert (first.institution, first.state, first.affairs) == (TOWN, "suspected", ["b081"])
        assert (first.links, first.persons, first.preliminary_due) == (1, 0, None)
        scene.agency.clock.advance(timedelta(hours=1))
        for one in corrected:
            await scene.send(one)
        [latest, _] = await service.cases(scene.agency, unsettled=True)
        assert (latest.opened_case, latest.state) == (suspected[0].report, "corrected")
        assert (latest.leak_types, latest.preliminary_due) == ("1a", date(2026, 6, 6))
        assert (latest.final_due, latest.persons) == (date(2026, 7, 1), 2)
        assert latest.latest_at - latest.first_at == timedelta(hours=1)
        [mine] = (await scene.read(HEALTH)).reports
        assert mine.reported == corrected[1]
        for one in told:
            await scene.send(one)
        assert [one.state for one in await service.cases(scene.agency, affair="b081")] == ["told"]
        [left] = await service.cases(scene.agency, unsettled=True)
        assert (left.institution, left.mechanism) == (OTHER, "twin")
        [other] = await service.cases(scene.agency, institution=OTHER)
        assert other == left
        counted = await service.counts(scene.agency)
        assert [(c.affair, c.mechanism, c.state, c.links, c.persons) for c in counted] == [
            ("b081", "household", "told", 1, 2),
            ("b123", "twin", "suspected", 2, 3),
        ], "the case as a whole is not counted beside its affairs"

    at_agency(story)


def test_a_doubt_that_turned_out_wrong_is_settled_and_nobody_is_told_of_it(at_agency):
    async def story(scene):
        [suspected, _], [corrected, _], [told, _] = case()
        await scene.send(suspected)
        right = msgspec.structs.replace(suspected, state="confirmed")
        assert await scene.send(right) == 1
        assert [one.state for one in await service.cases(scene.agency)] == ["confirmed"]
        assert await service.cases(scene.agency, unsettled=True) == []
        for later in (corrected, told):
            assert await refused(scene, later) == ("conflict", "state")
        [counted] = await service.counts(scene.agency)
        assert (counted.affair, counted.state) == ("", "confirmed"), "no affair is known of it"

    at_agency(story)


async def refused(scene, message, sender=TOWN):
    with pytest.raises(Refused) as refusal:
        await scene.send(message, sender)
    return refusal.value.reason, refusal.value.remote.pointer


def test_what_cannot_be_is_refused_by_name_and_leaves_nothing(at_agency):
    async def story(scene):
        first = report()
        await scene.send(first)
        day = date(2026, 6, 1)
        for message, sender, why in (
            (report(), "ledger", ("not-allowed", "")),
            (report(report="x"), TOWN, ("bad-input", "report")),
            (report(affair="123456789018"), TOWN, ("bad-input", "affair")),
            (report(affair="佐藤"), TOWN, ("bad-input", "affair")),
            (report(corrected_on=day), TOWN, ("bad-input", "corrected_on")),
            (report(state="corrected"), TOWN, ("bad-input", "corrected_on")),
            (
                report(state="told", corrected_on=day + timedelta(days=1)),
                TOWN,
                ("bad-input", "corrected_on"),
            ),
            (report(report=first.report, links=7), TOWN, ("conflict", "state")),
            (
                report(report=first.report, affair="b056", state="told", corrected_on=day),
                TOWN,
                ("conflict", "affair"),
            ),
            (report(case="x"), TOWN, ("bad-input", "case")),
            (report(state="confirmed", corrected_on=day), TOWN, ("bad-input", "corrected_on")),
            (report(leak=leak(day, day)), TOWN, ("bad-input", "leak")),
            (
                report(state="corrected", corrected_on=day, leak=leak(day, day - ONE)),
                TOWN,
                ("bad-input", "leak"),
            ),
            (
                report(state="corrected", corrected_on=day, leak=leak(day - ONE, day)),
                TOWN,
                ("bad-input", "leak"),
            ),
            (
                report(report=first.report, state="told", corrected_on=day, case=new_id(ENTROPY)),
                TOWN,
                ("conflict", "case"),
            ),
        ):
            assert await refused(scene, message, sender) == why
        assert await scene.counts() == (1, 1)

    at_agency(story)


def test_a_report_goes_after_seven_years_and_not_before(at_agency):
    async def story(scene):
        database, clock = scene.agency.database, scene.agency.clock
        await scene.send(report())
        clock.advance(timedelta(days=6 * 365))
        assert await retention.forget(database, clock=clock, actor="agency") == 0
        # The database's own clock has a say: what came in seven years before it is old.
        await scene.send(report())
        await aged(scene, "true")
        assert await retention.forget(database, clock=clock, actor="agency") == 2
        assert await scene.counts() == (0, 3)

    at_agency(story)


LONG_AGO = "UPDATE mislink_report SET received_at = '2018-01-01' WHERE "


async def aged(scene, which, how=LONG_AGO):
    """Let reports have come long ago, as only the database's owner can."""
    async with await psycopg.AsyncConnection.connect(
        scene.owner.reveal(), autocommit=True
    ) as connection:
        await connection.execute((how + which).encode())


def test_a_case_goes_as_a_whole_with_its_last_word(at_agency):
    async def story(scene):
        database, clock = scene.agency.database, scene.agency.clock
        for state in case():
            for one in state:
                await scene.send(one)
        young = "UPDATE mislink_report SET received_at = '2026-06-01' WHERE "
        for last in ("affair = ''", "affair <> ''"):  # whichever report of the case it is in
            await aged(scene, "true")
            await aged(scene, f"state = 'told' AND {last}", young)
            assert await retention.forget(database, clock=clock, actor="agency") == 0
            assert len(await service.cases(scene.agency)) == 1
        await aged(scene, "true")
        assert await retention.forget(database, clock=clock, actor="agency") == 6
        assert await service.cases(scene.agency) == []

    at_agency(story)


def test_who_serves_requests_can_neither_change_nor_remove_a_report(at_agency):
    async def story(scene):
        await scene.send(report())
        for statement in ("DELETE FROM mislink_report", "UPDATE mislink_report SET links = 1"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                async with scene.agency.database.transaction() as tx:
                    await tx.connection.execute(statement.encode())
        async with scene.agency.database.transaction() as tx:
            await tx.execute("SELECT forget_expired('9999-01-01', 1000)")
        assert (await scene.counts())[0] == 1

    at_agency(story)
