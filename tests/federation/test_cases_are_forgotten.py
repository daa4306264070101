"""A doubt about a link goes with all that came of it, when it is old and nobody waits for anything."""

from datetime import timedelta

import psycopg
import pytest

from kumihimo.kernel import retention
from kumihimo.kernel.clock import legal_day
from kumihimo.rooms.gateway import checking, consequences
from kumihimo.rooms.gateway.business_links import LinkSuspended
from tests.federation.desk import open_desk
from tests.federation.street import ALLOWANCE, NAGOYA, OSAKA
from tests.federation.test_after_a_correction import correct, mistaken
from tests.federation.test_intake import card
from tests.federation.test_the_agency_is_told import open_agency
from tests.federation.test_what_she_says import answered, her_item, say

CASE = ("suspension", "consequence", "notice", "leak_case", "mislink")
OLD = {
    "nothing": "UPDATE suspension SET settled_at = suspended_at",
    "suspension": "UPDATE suspension SET settled_at = '2016-06-01' WHERE settled_at IS NOT NULL",
    "link_check": "UPDATE link_check SET finished_on = current_date - 400",
    "link_check older": "UPDATE link_check SET finished_on = '2012-06-01'",
}


class Kept:
    """What an institution's gateway keeps, and its owner, who alone can make it old."""

    def __init__(self, street, postgres, institution=OSAKA):
        self.room, self.name = street.gateways[institution]
        self.street, self.postgres = street, postgres

    def run(self, statement):
        dsn = self.postgres.admin(f"kumihimo_{self.name}").reveal()
        with psycopg.connect(dsn, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def counts(self, *tables):
        return {t: count for t in tables for (count,) in self.run(f"SELECT count(*) FROM {t}")}

    def age(self, what):
        self.run(OLD[what])

    def set_claims(self, what):
        self.run(f"UPDATE claim SET {what}")

    async def forget(self, institution=OSAKA):
        return await retention.forget(
            self.room.gateway.database,
            clock=self.street.clock,
            actor=institution,
            institution=institution,
        )


def test_a_case_goes_seven_years_after_it_was_settled_unless_a_letter_is_owed(
    on_street, new_room, postgres
):
    async def story(street):
        await open_agency(street, new_room)
        desk, _, _ = await mistaken(street)
        kept = Kept(street, postgres)
        await correct(desk)
        kept.age("suspension")
        assert await kept.forget() == 0, "nobody has worked out yet what it did"
        kept.age("nothing")
        await consequences.run_once(desk.room.gateway, desk.tenant)
        before = kept.counts(*CASE)
        assert min(before.values()) >= 1
        kept.age("suspension")
        assert await kept.forget() == 0, "letters are owed"
        for letter in await desk(lambda c: c.notices()):
            await desk(lambda c, n=letter.notice: c.notice_sent(n, officer="o1"))
        assert await kept.forget(NAGOYA) == 0, "another institution forgets nothing of it"
        assert kept.counts(*CASE) == before
        assert await kept.forget() == 1
        assert kept.counts(*CASE) == dict.fromkeys(CASE, 0)

    on_street(story)


def test_a_doubt_that_is_open_or_young_stays_and_one_that_was_confirmed_long_ago_goes(
    in_town, postgres
):
    async def story(street, one, other):
        desk = await open_desk(street, OSAKA)
        await desk(lambda c: c.register([card("7", one, 1), card("8", other, 2)]))
        kept = Kept(street, postgres)
        for addressee in ("7", "8"):
            link = LinkSuspended(addressee=addressee, ground="reported", case="case-1")
            await desk(lambda c, link=link: c.suspend_links([link], officer="o1"))
        await desk(lambda c: c.confirm_link("7", case="case-1", officer="o1", approver="o2"))
        assert await kept.forget() == 0
        async with kept.room.gateway.database.transaction(institution=OSAKA) as tx:
            await tx.execute("SELECT forget_expired('9999-01-01', 1000)")
        assert kept.counts("suspension") == {"suspension": 2}, "a false clock makes nothing old"
        kept.age("suspension")
        assert await kept.forget() == 1
        [left] = await desk(lambda c: c.suspensions_of("8"))
        assert left.state == "SUSPENDED"
        assert await desk(lambda c: c.suspensions_of("7")) == ()

    in_town(story)


def test_what_a_check_found_goes_after_a_year_and_its_counts_after_ten(in_town, postgres):
    async def story(street, one, other):
        desk = await open_desk(street, OSAKA)
        await desk(lambda c: c.register([card("7", other, 1)]))
        kept = Kept(street, postgres)
        await checking.run_once(kept.room.gateway, desk.tenant, ALLOWANCE)
        street.clock.advance(timedelta(days=200))
        assert await kept.forget() == 0
        kept.age("link_check")
        assert await kept.forget() == 1
        assert kept.counts("link_finding", "link_check") == {"link_finding": 0, "link_check": 1}
        kept.age("link_check older")
        assert await kept.forget() == 1
        assert await desk(lambda c: c.link_checks()) == ()

    in_town(story)


@pytest.mark.parametrize("table", ["suspension", "consequence", "notice", "leak_case", "mislink"])
def test_who_serves_requests_cannot_remove_what_a_wrong_link_did(on_street, table):
    async def story(street):
        room, _ = street.gateways[OSAKA]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with room.gateway.database.transaction(institution=OSAKA) as tx:
                await tx.connection.execute(f"DELETE FROM {table}".encode())

    on_street(story)


def test_what_she_said_goes_four_years_after_its_answer_and_without_an_answer_stays(
    in_town, postgres
):
    async def story(street, one, _):
        herself, osaka, about = await her_item(street, one)
        claims = [(await say(herself, about))[1] for _ in range(2)]
        await street.deliver()
        await osaka(lambda c: c.answer_claim(answered(claims[0])))
        kept, today = Kept(street, postgres), legal_day(street.clock.now())
        kept.set_claims("taken_on = '2012-06-01', due_on = '2012-07-01'")
        assert await kept.forget() == 0, "it is counted from the answer"
        four_years = today.replace(year=today.year - 4)
        for answered_on, gone in ((four_years, 0), (four_years - timedelta(days=1), 1)):
            kept.set_claims(f"answered_on = '{answered_on}' WHERE answered_on IS NOT NULL")
            assert await kept.forget(NAGOYA) == 0, "another institution forgets nothing of it"
            assert await kept.forget() == gone
        assert [case.claim for case in await osaka(lambda c: c.claims())] == [claims[1]]

    in_town(story)


def test_no_false_clock_and_nobody_who_serves_requests_makes_what_she_said_old(in_town, postgres):
    async def story(street, one, _):
        herself, osaka, about = await her_item(street, one)
        _, claim = await say(herself, about)
        await street.deliver()
        await osaka(lambda c: c.answer_claim(answered(claim)))
        kept = Kept(street, postgres)
        database = kept.room.gateway.database
        async with database.transaction(institution=OSAKA) as tx:
            await tx.execute("SELECT forget_expired('9999-01-01', 1000)")
        for statement in ("DELETE FROM claim", "UPDATE retention SET kept = '1 second'"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                async with database.transaction(institution=OSAKA) as tx:
                    await tx.connection.execute(statement.encode())
        assert kept.counts("claim") == {"claim": 1}

    in_town(story)
