"""jpki is told the attributes of a holder as they are now; what is protected is absent and not marked."""

import pytest

from kumihimo.kernel.keys import PartyKeys, new_master
from kumihimo.kernel.net import Refused
from kumihimo.rooms.register import api
from kumihimo.rooms.register.api import HolderAsked, HolderFound, LatestAsked, LatestTold
from kumihimo.rooms.register.domain.quota import Limits
from tests.rooms.register.made import MINATO, attributes, birth, code, event

HANAKO = birth(1)
ELSEWHERE = "東京都港区芝1-1"


@pytest.fixture
def known(in_house):
    """Run a story with the reference by which jpki knows Hanako."""

    def run(story):
        async def whole(house):
            for party in ("cards", "jpki"):
                house.keys[party] = PartyKeys(party, new_master(house.entropy))
            house.publish()
            await house.tell(HANAKO)
            [house.number] = await house.designate(code(1))
            asked = HolderAsked(number=house.number, attributes=attributes(HANAKO))
            found = await house.ask("cards", api.HOLDER_PATH, asked, HolderFound)
            await story(house, found.for_jpki)

        in_house(whole)

    return run


async def ask(house, holder, *, tell=True, party="jpki"):
    return await house.ask(
        party, api.LATEST_PATH, LatestAsked(holder=holder, tell=tell), LatestTold
    )


async def refusal(asked):
    with pytest.raises(Refused) as refused:
        await asked
    return refused.value.reason


def test_jpki_is_told_what_the_record_says_today_and_not_what_it_said(known):
    async def story(house, holder):
        assert await ask(house, holder) == LatestTold(gone=False, attributes=attributes(HANAKO))
        await house.tell(event("move-within", 1, address=ELSEWHERE))
        told = await ask(house, holder)
        assert told.attributes == attributes(HANAKO, address=ELSEWHERE)

    known(story)


def test_who_is_protected_looks_as_if_jpki_had_not_wanted_to_be_told(known):
    async def story(house, holder):
        unwanted = await ask(house, holder, tell=False)
        await house.tell(event("protection", 1))
        assert await ask(house, holder) == unwanted == LatestTold(gone=False)
        await house.tell(event("protection-end", 1))
        assert (await ask(house, holder)).attributes is not None

    known(story)


@pytest.mark.parametrize("kind", ["death", "departure-abroad"])
def test_who_died_or_left_is_gone_and_nothing_of_her_is_told(known, kind):
    async def story(house, holder):
        await house.tell(event(kind, 1))
        assert await ask(house, holder) == LatestTold(gone=True)

    known(story)


def test_nobody_but_jpki_asks_by_a_reference_and_none_by_another_ones(known):
    async def story(house, holder):
        for party in (MINATO, "cards", "linkage"):
            assert await refusal(ask(house, holder, party=party)) == "not-allowed"
        assert await refusal(ask(house, bytes(32))) == "not-found"
        assert await refusal(ask(house, b"")) == "not-found"

    known(story)


def test_jpki_asks_within_its_quota(known):
    async def story(house, holder):
        house.limits = Limits(per_minute=1, per_day=1)
        house.build()
        await ask(house, holder)
        assert await refusal(ask(house, holder)) == "too-many"

    known(story)


def test_she_reads_that_jpki_asked_about_her_and_whether_it_was_told(known):
    async def story(house, holder):
        await ask(house, holder)
        await ask(house, holder, tell=False)
        herself = api.DisclosureAsked(number=house.number, attributes=attributes(HANAKO))
        about = await house.ask(MINATO, api.ABOUT_ME_PATH, herself, api.AboutMe)
        told = {(one.office, one.affair, one.answered) for one in about.inquiries}
        assert told == {("jpki", "latest-attributes", kind) for kind in (True, False)}

    known(story)


def test_a_dump_of_register_does_not_show_by_what_name_jpki_knows_anybody(known):
    async def story(house, holder):
        async with house.database.transaction() as tx:
            rows = await (await tx.connection.execute("SELECT tag FROM jpki_holder")).fetchall()
        assert len(rows) == 1
        assert bytes(rows[0][0]) != holder

    known(story)
