"""Nothing that she typed is lost: not by a refusal, not by another card, not by one that comes too late."""

from datetime import timedelta

import pytest

from tests.rooms.cards.forms import form_of
from tests.rooms.portal.delegating import RECORDS, opens, press, signs, two
from tests.rooms.portal.ledger import held, record
from tests.rooms.portal.test_looked import reads

TAX = held(total_income=3_210_000)
ADDRESS = "hanako@mail.example"


async def to_ask(house):
    hanako = await reads(house, record(1), record(2))
    await press(hanako, "/looked/ask", record=record(1).record)
    return hanako, "/ask", {"kind": "objection", "text": "何に使いましたか"}


async def to_wrong(house):
    house.ledger.holds["hanako"] = {"local-tax": (TAX,)}
    hanako = house.person()
    await hanako.log_in()
    await hanako.open("/mine")
    await hanako.send("/mine", information="local-tax")
    await hanako.send("/mine/wrong", item=f"{TAX.answer} local-tax.total-income")
    return hanako, "/wrong", {"text": "所得が違います"}


async def to_give(house):
    hanako = house.person()
    await hanako.log_in()
    await hanako.open("/proxies/give")
    return hanako, "/proxies/give", RECORDS


async def to_join(house):
    hanako, taro = await two(house)
    code = await opens(taro, "ask")
    await hanako.open("/proxies/enter")
    await hanako.send("/proxies/enter", code=code)
    return hanako, "/proxies/join", {"label": "税理士の田中さん"}


async def to_mail(house):
    object.__setattr__(house.portal, "mailer", object())  # nothing is mailed before her card signed
    hanako = house.person()
    await hanako.log_in()
    await hanako.open("/wishes")
    return hanako, "/wishes", {"address": ADDRESS}


FORMS = [to_ask, to_wrong, to_give, to_join, to_mail]
SENT = {"/wishes": "/wishes/address"}


def filled(page, path):
    """Return what a form holds as it came: texts that stand in it, and what is chosen."""
    return {**form_of(page, SENT.get(path, path)).values, "text": [area_of(page)]}


def area_of(page):
    return page.partition("<textarea")[2].partition(">")[2].partition("</textarea>")[0]


def holds(person, path, fields):
    found = filled(person.page, path)
    return {name: found.get(name) for name in fields} == {k: [v] for k, v in fields.items()}


@pytest.mark.parametrize("begins", FORMS)
@pytest.mark.parametrize("why", ["another card", "too late"])
def test_what_her_card_did_not_sign_is_there_to_be_signed_again(at_portal, begins, why):
    async def story(house):
        hanako, path, fields = await begins(house)
        await hanako.send(SENT.get(path, path), fields)
        if why == "another card":
            hanako.tray.put_in("Taro")
            await hanako.sign()
            await hanako.send("/act/finish")
            assert "other-person" in hanako.page
        else:
            house.clock.advance(timedelta(minutes=4))
            await hanako.open("/act")
        assert f'href="{path}"' in hanako.page, "and the page leads there"
        await hanako.open(path)
        assert holds(hanako, path, fields)
        taro = house.person()
        await taro.log_in("Taro")
        await taro.open(path)
        assert taro.at != path or not holds(taro, path, fields)
        hanako.tray.put_in("Hanako")
        house.clock.advance(timedelta(seconds=1))  # of two proofs the later one counts
        # As a browser does, with what stands in the form.
        words = {"text": area_of(hanako.page)} if "<textarea" in hanako.page else {}
        await hanako.send(SENT.get(path, path), words)
        await signs(hanako)
        await hanako.open("/act")
        assert "書いた内容に戻る" not in hanako.page, "what is done is no draft any more"

    at_portal(story)


def test_what_she_wrote_of_one_entry_does_not_stand_in_the_form_of_another(at_portal):
    async def story(house):
        hanako, path, fields = await to_ask(house)
        await hanako.send(path, fields)
        await hanako.open("/looked")
        await press(hanako, "/looked/ask", record=record(2).record)
        assert (hanako.at, area_of(hanako.page)) == ("/ask", "")

    at_portal(story)


def test_days_that_are_none_or_end_before_they_begin_are_told_and_stay_in_the_form(at_portal):
    async def story(house):
        hanako = await reads(house, record(1))
        for since, until, field in (
            ("soon", "2026-06-01", "since"),
            ("2026-06-01", "soon", "until"),
            ("2026-06-02", "2026-06-01", "until"),
        ):
            sent = {"since": since, "until": until, "requester": "lg-131032", "outcome": "OK"}
            token = form_of(hanako.page, "/looked").values["form_token"][0]
            await hanako.post("/looked", {"form_token": token} | sent)
            assert hanako.status == 422
            assert f'href="#{field}"' in hanako.page
            assert f'id="{field}"' in hanako.page
            assert "のように入れてください" in hanako.page
            found = form_of(hanako.page, "/looked").values
            assert {name: found[name][0] for name in sent} == sent
        await hanako.open("/looked")
        assert "東京都港区が" in hanako.page, "what was refused is no filter"

    at_portal(story)


def test_who_narrowed_a_list_down_to_nothing_is_told_so_and_gets_it_back_by_one_press(at_portal):
    async def story(house):
        hanako = await reads(house, record(1))
        assert "しぼり込みをやめて" not in hanako.page
        await hanako.send("/looked", outcome="REFUSED_ITEM")
        assert "この条件に合う記録はありません" in hanako.page
        assert "しぼり込みをやめて、すべて見る" in hanako.page
        token = form_of(hanako.page, "/looked").values["form_token"]
        await hanako.post("/looked", {"form_token": token})
        assert "東京都港区が" in hanako.page

    at_portal(story)
