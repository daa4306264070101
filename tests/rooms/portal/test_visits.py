"""What a visit keeps, and how long it goes on: pages of one browser at once do not undo each other."""

from datetime import timedelta

import pytest

from kumihimo.rooms.portal import store_visits
from kumihimo.rooms.portal.domain.limits import IDLE_FOR, SHARED_IDLE_FOR
from kumihimo.rooms.portal.visits import PRESENCE, StoredVisits, presence_hash


async def found(visits, token):
    visit = await visits.find(token)
    assert visit is not None
    return visit


async def twice(house):
    """Let two pages find one visit before either is done."""
    hanako = house.person()
    await hanako.log_in()
    token = hanako.http.cookies["kumihimo-portal"]
    visits = StoredVisits(house.portal)
    return visits, token, await found(visits, token), await found(visits, token)


def test_a_page_that_only_reads_takes_back_nothing_that_another_remembered(at_portal):
    async def story(house):
        visits, token, reads, remembers = await twice(house)
        remembers.kept["asking"] = "an entry"
        await visits.keep(remembers)
        await visits.keep(reads)
        assert (await found(visits, token)).kept["asking"] == "an entry"

    at_portal(story)


def test_what_a_page_remembered_or_forgot_is_written_down(at_portal):
    async def story(house):
        visits, token, first, _ = await twice(house)
        first.kept["asking"] = "an entry"
        await visits.keep(first)
        second = await found(visits, token)
        del second.kept["asking"]
        second.done = "asked", "it"
        await visits.keep(second)
        third = await found(visits, token)
        assert ("asking" in third.kept, third.done) == (False, ("asked", "it"))
        third.done = None
        await visits.keep(third)
        assert (await found(visits, token)).done is None

    at_portal(story)


MINUTE = timedelta(minutes=1)


async def begun(house):
    hanako = house.person()
    await hanako.log_in()
    return StoredVisits(house.portal), hanako.http.cookies["kumihimo-portal"]


@pytest.mark.parametrize("pause", [timedelta(seconds=1), timedelta(seconds=59), 7 * MINUTE])
def test_a_visit_goes_on_from_page_to_page_and_ends_when_nobody_asks(at_portal, pause):
    async def story(house):
        visits, token = await begun(house)
        for _ in range(5):
            house.clock.advance(pause)
            assert await visits.find(token) is not None
        house.clock.advance(IDLE_FOR - MINUTE - timedelta(seconds=1))
        assert await visits.find(token) is not None, "at most a minute sooner"
        house.clock.advance(IDLE_FOR)
        assert await visits.find(token) is None, "never later"
        assert await house.value("SELECT count(*) FROM visit") == 0

    at_portal(story)


def test_at_a_shared_terminal_a_visit_ends_four_seconds_too_soon_at_most(at_portal):
    async def story(house):
        visits, token = await begun(house)
        secret = b"s" * 32
        visit = await found(visits, token)
        visit.kept[PRESENCE] = presence_hash(secret).hex()
        await visits.share(visit)
        for step, there in ((2, True), (2, True), (2, True), (55, True), (60, False)):
            house.clock.advance(timedelta(seconds=step))
            await keep_card(house)
            assert (await visits.find(token) is not None) is there
        assert timedelta(seconds=4) == SHARED_IDLE_FOR / 15

    at_portal(story)


async def keep_card(house):
    """Let the terminal say that the card is in its reader, whatever the pages do."""
    async with house.database.transaction() as tx:
        until = house.clock.now() + timedelta(seconds=20)
        await tx.put("UPDATE visit SET lease_until = %(until)s", {"until": until})


def test_a_page_that_began_before_the_terminal_was_shared_lets_the_visit_last_no_longer(at_portal):
    async def story(house):
        visits, token = await begun(house)
        before = await row(house)
        visit = await found(visits, token)
        visit.kept[PRESENCE] = presence_hash(b"s" * 32).hex()
        await visits.share(visit)
        until = await house.value("SELECT until FROM visit")
        assert until == house.clock.now() + SHARED_IDLE_FOR
        assert not await store_visits.go_on(house.database, before, house.clock.now() + IDLE_FOR)
        assert await house.value("SELECT until FROM visit") == until
        shared = await row(house)
        later = until + timedelta(seconds=1)
        for moment in (later, until):
            assert await store_visits.go_on(house.database, shared, moment)
            assert await house.value("SELECT until FROM visit") == later, (
                "of two the later one holds"
            )

    at_portal(story)


async def row(house):
    [[token_hash]] = await house.rows("SELECT token_hash FROM visit")
    only = await store_visits.find(house.database, token_hash)
    assert only is not None
    return only


def test_a_visit_that_ended_while_its_page_was_made_does_not_go_on(at_portal):
    async def story(house):
        visits, token = await begun(house)
        before = await row(house)
        await visits.end(token)
        assert not await store_visits.go_on(house.database, before, before.until + MINUTE)
        assert await visits.find(token) is None

    at_portal(story)
