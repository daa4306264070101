"""What a first page needs comes in one answer, and says no more and no less than each door alone."""

from datetime import timedelta

import msgspec
import pytest

from kumihimo.kernel.ids import new_id
from kumihimo.kernel.keys import seal_payload
from kumihimo.rooms.gateway.api import NoticeContent, notice_context
from kumihimo.rooms.ledger import api, overview, store_claims, store_notices
from kumihimo.rooms.ledger.service import PAGE_MAX
from kumihimo.rooms.ledger.store_claims import ClaimRow
from kumihimo.rooms.ledger.store_notices import NoticeRow
from kumihimo.rooms.oversight.api import answer_context
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


TODAY, LATER = START.date(), START.date() + timedelta(days=30)
ANSWER = "確かめました。\n「正しい」です。\\x00"


async def has_notice(house, tx, who, n):
    notice, title = new_id(house.entropy), f"児童手当の現況届（{n}）"
    content = NoticeContent(
        affair="b081", category="child", title=title, text="出して", deadline=LATER, link=""
    )
    context = notice_context("lg-131032", notice)
    sealed = seal_payload(
        msgspec.json.encode(content), to=house.keys["ledger"].public.payload, context=context
    )
    code = house.coded(who)
    row = NoticeRow(
        notice=notice,
        institution="lg-131032",
        person=bytes(code.code),
        version=code.version,
        state="sent",
        sealed=sealed,
        taken_on=TODAY - timedelta(days=n),
        until=LATER,
    )
    await store_notices.take(tx, row)
    return title


async def has_claim(house, tx, who, *, answered):
    claim, code = new_id(house.entropy), house.coded(who)
    row = ClaimRow(
        claim=claim,
        person=bytes(code.code),
        version=code.version,
        kind="question",
        addressee="lg-131032",
        permit=new_id(house.entropy),
        told_on=TODAY,
        due_on=LATER,
    )
    assert await store_claims.add(tx, row) == 1
    if answered:
        sealed = seal_payload(
            ANSWER.encode(),
            to=house.keys["ledger"].public.payload,
            context=answer_context(claim),
        )
        changed = await store_claims.stands(
            tx, claim, state="answered", decision="corrected", sealed=sealed, on=TODAY
        )
        assert changed == 1


def test_what_she_said_and_what_she_is_told_stand_there_as_at_their_own_doors(in_house):
    async def story(house):
        async with house.database.transaction() as tx:
            titles = [await has_notice(house, tx, "one", n) for n in range(3)]
            await has_notice(house, tx, "another", 9)
            for answered in (True, False):
                await has_claim(house, tx, "one", answered=answered)
            await has_claim(house, tx, "another", answered=True)
        token = await house.enter("one")
        found = await told(house, token)
        for part, path in (("claims", api.MY_CLAIMS_PATH), ("notices", api.MY_NOTICES_PATH)):
            assert found[part] == (await house.http("GET", path, token=token)).json()
        assert [one["title"] for one in found["notices"]["notices"]] == titles
        assert sorted(one["answer"] for one in found["claims"]["claims"]) == ["", ANSWER]

    in_house(story)
