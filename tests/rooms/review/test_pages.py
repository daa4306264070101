"""The desk's pages: who sees what, what is written down, what two people cannot share."""

import re
from datetime import timedelta

from kumihimo.rooms.review.domain.answers import LATER_WITHIN
from tests.nowhere import nowhere, nowhere_by_itself
from tests.rooms.cards.forms import form_of
from tests.rooms.review.house import finding, number, proposal


def token(browser):
    return {"form_token": form_of(browser.page, "/language").values["form_token"][0]}


def test_two_people_correct_a_link_on_the_pages_and_neither_sees_the_others_answer(at_desk):
    async def story(house):
        await house.load(finding(1, proposal=proposal(50)))
        ito, kato = await house.signed_in("ito"), await house.signed_in("kato")
        await ito.take()
        assert ito.at == "/item"
        first = ito.page
        await ito.wrong(right="proposed")
        assert "回答を記録しました" in ito.page
        await kato.take()
        assert _plain(kato.page, "kato") == _plain(first, "ito")
        await kato.wrong(right="typed", number=number(50))
        assert await house.value("SELECT decision FROM item") == "wrong"
        await ito.open("/")
        assert "点検を待つ記録はありません" in ito.page

    at_desk(story)


def _plain(page, officer):
    """Return a page without what belongs to the browser and its officer."""
    return re.sub(r'name="form_token" value="[^"]+"', "", page).replace(officer, "")


def test_both_sides_are_shown_character_by_character_with_what_differs_named(at_desk):
    async def story(house):
        await house.load(finding(1))
        ito = await house.signed_in("ito")
        await ito.take()
        assert '<mark class="kh-differs"><span class="kh-unseen">［違い：</span>髙<' in ito.page
        assert "U+9AD9" in ito.page
        assert "U+9AD8" in ito.page
        assert "異体字" in ito.page
        assert "別の字" in ito.page
        assert 'aria-label="氏名 -8.5 ビット"' in ito.page
        assert "姓と住所が同じで、名が違います。" in ito.page

    at_desk(story)


def test_numbers_show_their_last_digits_until_somebody_asks_and_both_are_written_down(at_desk):
    async def story(house):
        await house.load(finding(1, proposal=proposal(50)))
        ito = await house.signed_in("ito")
        await ito.take()
        assert "•" * 8 + number(50)[-4:] in ito.page
        assert number(50) not in ito.page
        assert number(1) not in ito.page
        await ito.send("/numbers")
        assert number(1) in ito.page
        assert number(50) in ito.page
        seen = await house.rows("SELECT officer, attributes FROM viewing ORDER BY viewing")
        assert [officer for officer, _ in seen] == ["ito"] * 2
        first, second = (set(attributes.split()) for _, attributes in seen)
        assert {"own.name", "register.address", "own.number-tail"} <= first
        assert {"own.number", "proposed.number"} <= second - first
        ueda = await house.signed_in("ueda")
        await ueda.open("/viewings")
        assert "番号（全桁）" in ueda.page
        assert "r1" in ueda.page
        for value in ("花子1", "太郎1", number(1)):
            assert nowhere(value, ueda.page)
        assert nowhere_by_itself(number(1)[-4:], ueda.page)

    at_desk(story)


def test_every_value_that_a_page_shows_stands_in_the_access_log(at_desk):
    async def story(house):
        await house.load(finding(1))
        ito = await house.signed_in("ito")
        await ito.take()
        [[attributes]] = await house.rows("SELECT attributes FROM viewing")
        found = finding(1).sides
        shown = re.sub(r"<[^>]+>|［違い：|］", "", ito.page)
        for side, values in (("own", found.own), ("register", found.other)):
            for name, value in values.items():
                assert value in shown
                assert f"{side}.{name}" in attributes.split()

    at_desk(story)


def test_a_page_of_another_role_does_not_open(at_desk):
    async def story(house):
        await house.load(finding(1))
        for officer, paths in (
            ("ueda", ["/item"]),
            ("ito", ["/progress", "/viewings", "/patterns"]),
        ):
            browser = await house.signed_in(officer)
            for path in paths:
                answer = await browser.open(path)
                assert answer.status_code == 403
                assert "role-needed" in browser.page
        assert await house.value("SELECT count(*) FROM viewing") == 0

    at_desk(story)


def test_two_people_do_not_share_a_session_and_one_person_has_one(at_desk):
    async def story(house):
        await house.load(finding(1))
        shared = await house.signed_in("ito")
        await shared.take()
        await shared.sign_in("kato")
        await shared.open("/item")
        assert "手元に記録がありません" in shared.page
        elsewhere = await house.signed_in("kato")
        await elsewhere.open("/")
        await shared.open("/")
        assert shared.at == "/sign-in"
        house.clock.advance(timedelta(minutes=16))
        await elsewhere.open("/")
        assert elsewhere.at == "/sign-in"

    at_desk(story)


def test_an_answer_that_lacks_something_is_told_at_its_field_and_changes_nothing(at_desk):
    async def story(house):
        await house.load(finding(1))
        ito = await house.signed_in("ito")
        await ito.take()
        for sent, field in (
            ({}, "answer"),
            ({"answer": "wrong"}, "mechanism"),
            ({"answer": "wrong", "mechanism": "twin"}, "right"),
            ({"answer": "wrong", "mechanism": "twin", "right": "typed"}, "number"),
            ({"answer": "wrong", "mechanism": "twin", "right": "typed", "number": "12"}, "number"),
        ):
            answer = await ito.send("/item", sent)
            assert answer.status_code == 422
            assert f'href="#{field}"' in ito.page
            assert f'id="{field}"' in ito.page
        assert 'value="12"' not in ito.page
        assert await house.value("SELECT count(*) FROM look") == 0

    at_desk(story)


def test_the_last_answer_is_taken_back_on_the_page(at_desk):
    async def story(house):
        await house.load(finding(1), finding(2))
        ito = await house.signed_in("ito")
        await ito.take()
        first = form_of(ito.page, "/item").values["item"]
        await ito.answer("unsure")
        assert form_of(ito.page, "/item").values["item"] != first
        await ito.send("/take-back")
        assert "回答を取り消しました" in ito.page
        assert form_of(ito.page, "/item").values["item"] == first

    at_desk(story)


def test_an_answer_from_a_page_that_is_not_of_this_session_does_nothing(at_desk):
    async def story(house):
        await house.load(finding(1))
        ito = await house.signed_in("ito")
        await ito.take()
        item = form_of(ito.page, "/item").values["item"][0]
        answer = await ito.post("/item", {"form_token": "x", "item": item, "answer": "own"})
        assert answer.status_code == 422
        kato = await house.signed_in("kato")
        await kato.post("/item", token(kato) | {"item": item, "answer": "own"})
        assert "not-your-item" in kato.page
        assert await house.value("SELECT count(*) FROM look") == 0

    at_desk(story)


def test_no_page_runs_a_script_and_nothing_of_a_person_stands_in_an_address(at_desk):
    async def story(house):
        await house.load(finding(1, proposal=proposal(50)))
        ito, ueda = await house.signed_in("ito"), await house.signed_in("ueda")
        await ito.take()
        await ito.send("/numbers")
        await ito.wrong(right="typed", number=number(50))
        for browser, paths in ((ito, ("/", "/item", "/queue")),
                               (ueda, ("/progress", "/viewings", "/patterns"))):  # fmt: skip
            for path in paths:
                answer = await browser.open(path)
                assert answer.status_code == 200
                assert "script" not in answer.headers["content-security-policy"]
                assert not re.search(r"<script|\son[a-z]+=|style=", browser.page)
                assert answer.headers["cache-control"] == "no-store"
        kept = " ".join([*ito.addresses, *ueda.addresses, str(ito.http.cookies)])
        for secret in (number(1), number(50), "花子", "1990-04-01"):
            assert nowhere(secret, kept)
        assert nowhere_by_itself("r1", kept)

    at_desk(story)


def test_the_pages_speak_english_and_a_name_that_looks_like_markup_is_text(at_desk):
    async def story(house):
        sides = finding(1).sides
        bad = type(sides)(own=sides.own | {"name": "<b>x</b>\u202e"}, other=sides.other,
                          number=sides.number)  # fmt: skip
        await house.load(finding(1, sides=bad))
        ito = await house.signed_in("ito")
        await ito.send("/language", language="en")
        await ito.take()
        assert '<html lang="en">' in ito.page
        assert "Same surname and address" in ito.page
        assert "<b>x" not in ito.page
        assert "⟨U+202E⟩" in ito.page

    at_desk(story)


def test_the_supervisor_sees_counts_agreement_and_repeats_and_puts_back_what_the_office_answered(
    at_desk,
):
    async def story(house):
        await house.load(finding(1), finding(2), finding(3))
        ito, kato, ueda = [await house.signed_in(one) for one in ("ito", "kato", "ueda")]
        await ito.take()
        await ito.answer("unsure")
        for browser in (ito, kato):
            house.clock.advance(LATER_WITHIN)
            await browser.sign_in("ito" if browser is ito else "kato")
            await browser.take()
            await browser.wrong(then="stop")
            await browser.sign_in("ito" if browser is ito else "kato")
        await ueda.sign_in("ueda")
        assert ueda.at == "/progress"
        assert "担当課に照会中" in ueda.page
        assert "<dd>1</dd>" in ueda.page  # one record was seen by two, who agreed
        await ueda.send("/put-back")
        assert "待ち行列に戻しました" in ueda.page
        assert await house.value("SELECT count(*) FROM item WHERE state = 'office'") == 0
        await ueda.open("/patterns")
        assert "姓と住所が同じで、名が違います。" in ueda.page

    at_desk(story)
