"""What a first page needs comes in one answer, and says no more and no less than each door alone."""

from datetime import timedelta

import pytest

from kumihimo.rooms.ledger import api, overview
from kumihimo.rooms.ledger.service import PAGE_MAX
from tests.rooms.ledger.house import START

TOLD_WHOLE = overview.TOLD_WHOLE


def old(house, n, **changes):
    return house.record("one", requested_at=START - timedelta(minutes=n), **changes)


async def told(house, token):
    answer = await house.http("GET", api.OVERVIEW_PATH, token=token)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_latest_looks_are_named_and_the_first_of_them_told_as_the_list_tells_them(in_house):
    async def story(house):
        await house.exchanged(*(old(house, n) for n in range(TOLD_WHOLE + 3)))
        await house.exchanged(house.record("another"))
        token = await house.enter("one")
        found, page = await told(house, token), await house.page(token)
        assert found["latest"] == page["records"][:TOLD_WHOLE]
        assert found["looks"] == [
            {"record": one["record"], "requested_at": one["requested_at"]}
            for one in page["records"]
        ]
        assert found["more"] is False
        for part, path in (("claims", api.MY_CLAIMS_PATH), ("notices", api.MY_NOTICES_PATH)):
            assert found[part] == (await house.http("GET", path, token=token)).json()

    in_house(story)


def test_neither_what_is_hidden_nor_what_she_asked_herself_is_a_look(in_house):
    async def story(house):
        shown, hidden, silent = (old(house, n) for n in range(3))
        own = old(house, 3, requester="ledger")
        await house.exchanged(shown, own)
        await house.deliver(hidden, ends=[house.end(hidden, hidden=True)])
        await house.deliver(silent)
        found = await told(house, await house.enter("one"))
        assert [one["record"] for one in found["looks"]] == [shown.record]
        assert [one["record"] for one in found["latest"]] == [shown.record]

    in_house(story)


@pytest.mark.parametrize(("count", "more"), [(PAGE_MAX, False), (PAGE_MAX + 1, True)])
def test_more_than_two_hundred_are_told_to_be_more(in_house, count, more):
    async def story(house):
        await house.exchanged(*(old(house, n) for n in range(count)))
        found = await told(house, await house.enter("one"))
        assert (len(found["looks"]), found["more"]) == (PAGE_MAX, more)

    in_house(story)


def test_a_page_of_the_list_says_who_asked_in_all_whatever_it_shows(in_house):
    async def story(house):
        mine = [old(house, n, requester=f"lg-{n % 3}") for n in range(7)]
        refused = old(house, 8, requester="lg-0", outcome="REFUSED_ITEM")
        await house.exchanged(*mine)
        await house.deliver(refused)
        token = await house.enter("one")
        page = await house.page(token, limit=2, requester="lg-1")
        asked = (await house.http("GET", api.WHO_ASKED_PATH, token=token)).json()["bodies"]
        assert page["bodies"] == asked
        assert [(one["requester"], one["times"], one["refused"]) for one in asked] == [
            ("lg-0", 4, 1),
            ("lg-1", 2, 0),
            ("lg-2", 2, 0),
        ]

    in_house(story)
