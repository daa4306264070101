"""Beside an inquiry at register and beside what a proxy read stands the button to ask or object, too."""

from datetime import date
from typing import Any

import msgspec
import msgspec.inspect
import pytest

from kumihimo.rooms.portal.pages.subjects import Subject
from kumihimo.rooms.portal.proving import Evidence, Wanted
from kumihimo.rooms.portal.questions import Asked
from kumihimo.rooms.portal.wishes import Wishes
from kumihimo.rooms.register.api import OfficeAsked
from tests.rooms.cards.forms import form_of
from tests.rooms.portal.delegating import acts, both, press
from tests.rooms.portal.ledger import record
from tests.rooms.portal.test_looked import reads

HERS = OfficeAsked(
    office="lg-131032",
    affair="b081",
    on=date(2026, 5, 1),
    answered=True,
    inquiry="inquiry-of-hanako-0000",
)
HIS = msgspec.structs.replace(HERS, inquiry="inquiry-of-taro-000000")
WORDS = "調べられた覚えがありません"


async def reads_registers_log(house):
    house.holders.offices["hanako"], house.holders.offices["taro"] = (HERS,), (HIS,)
    hanako = await reads(house, record(1))
    await hanako.open("/looked/offices")
    return hanako


async def signs(person, **fields):
    await person.send("/ask", text=WORDS, **fields)
    await person.sign()
    await person.send("/act/finish")


@pytest.mark.parametrize(("kind", "to"), [("question", "lg-131032"), ("objection", "oversight")])
def test_of_an_inquiry_at_register_she_asks_the_office_or_objects_and_says_which(
    at_portal, kind, to
):
    async def story(house):
        hanako = await reads_registers_log(house)
        await hanako.send("/looked/ask", inquiry=HERS.inquiry)
        assert hanako.at == "/ask"
        assert "東京都港区が、住民票の番号を調べました" in hanako.page
        assert 'value="not-mine"' not in hanako.page, "nobody answered but register"
        await signs(hanako, kind=kind)
        assert hanako.at == "/questions"
        [told] = house.ledger.told
        assert (told.kind, told.about, told.inquiry, told.text) == (kind, "", HERS, WORDS)
        [[addressee]] = await house.rows("SELECT addressee FROM question")
        assert addressee == to
        signed = house.holders.asked[-1].decode()
        assert "2026-05-01 東京都港区 → 住基ネット（児童手当）" in signed
        assert "2026-05-01 東京都港区 → 住基ネット（児童手当）" in hanako.page
        assert "送りました" in hanako.page

    at_portal(story)


def test_of_an_inquiry_about_somebody_else_or_what_may_not_be_said_of_it_nothing_is_kept(at_portal):
    async def story(house):
        hanako = await reads_registers_log(house)
        token = form_of(hanako.page, "/looked/ask").values["form_token"]
        await hanako.post("/looked/ask", {"form_token": token, "inquiry": [HIS.inquiry]})
        assert (hanako.status, "not-found" in hanako.page) == (422, True)
        await hanako.open("/looked/offices")
        await hanako.send("/looked/ask", inquiry=HERS.inquiry)
        await press(hanako, "/ask", kind="not-mine", text=WORDS)
        assert (hanako.status, 'href="#kind"' in hanako.page) == (422, True)
        assert WORDS in hanako.page
        assert await house.value("SELECT count(*) FROM question") == 0

    at_portal(story)


def test_an_older_register_that_names_no_inquiry_has_no_button_beside_it(at_portal):
    async def story(house):
        house.holders.offices["hanako"] = (msgspec.structs.replace(HERS, inquiry=""),)
        hanako = await reads(house, record(1))
        await hanako.open("/looked/offices")
        assert "東京都港区が、住民票の番号を調べました" in hanako.page
        assert "/looked/ask" not in hanako.page

    at_portal(story)


def test_of_what_a_proxy_read_she_objects_from_either_list_and_the_proxy_has_no_such_button(
    at_portal,
):
    async def story(house):
        hanako, taro = await both(house)
        await acts(taro)
        [(act, _, _)] = house.ledger.delegations.acts
        await taro.open("/proxies")
        assert act.act not in taro.page, "he read it himself"
        for page in ("/proxies", "/looked"):
            await hanako.open(page)
            await hanako.send("/looked/ask", act=act.act)
            assert hanako.at == "/ask", page
            assert "代理の人（妹）が見ました" in hanako.page
            assert 'href="/proxies"' in hanako.page
        assert 'value="question"' not in hanako.page
        await signs(hanako, kind="objection")
        [told] = house.ledger.told
        assert (told.kind, told.about, told.inquiry) == ("objection", act.act, None)
        token = form_of(taro.page, "/language").values["form_token"]
        await taro.post("/looked/ask", {"form_token": token, "act": [act.act]})
        assert (taro.status, "not-found" in taro.page) == (422, True)

    at_portal(story)


@pytest.mark.parametrize("kept", [Asked, Evidence, Subject, Wanted, Wishes])
def test_what_a_newer_release_wrote_beside_is_read_over_by_this_one(kept):
    """Two releases serve one database: who refused what it does not know would lose a visit or a question."""
    told: Any = msgspec.inspect.type_info(kept)
    assert not told.forbid_unknown_fields


def test_a_question_that_a_newer_release_kept_is_listed_with_what_is_understood():
    asked = Asked(kind="question", addressee="x", record="r", entry="e", text="t")
    newer = msgspec.json.encode(msgspec.to_builtins(asked) | {"of_tomorrow": [1]})
    assert msgspec.json.decode(newer, type=Asked) == asked
    older = {name: value for name, value in msgspec.to_builtins(asked).items() if name != "inquiry"}
    assert msgspec.json.decode(msgspec.json.encode(older), type=Asked) == asked
