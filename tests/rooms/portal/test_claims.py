"""What she says of an exchange or an item: signed by her card, carried, and its answer on her page."""

from datetime import date, timedelta

from tests.rooms.cards.forms import form_of
from tests.rooms.portal.ledger import claim_of, held, record
from tests.rooms.portal.test_looked import asks, reads
from tests.rooms.portal.test_mine import asks as asks_for_data

WORDS = "所得が違います"
TAX = held(total_income=3_210_000, dependants=2)


async def calls_wrong(house, *answers, item="local-tax.total-income", text=WORDS):
    """Call an item wrong, as far as the page that the card signs."""
    hanako = await asks_for_data(house, *(answers or (TAX,)))
    await hanako.send("/mine/wrong", item=f"{TAX.answer} {item}")
    assert hanako.at == "/wrong", hanako.page
    return hanako, await hanako.send("/wrong", text=text)


async def says(house):
    hanako, _ = await calls_wrong(house)
    await hanako.sign()
    await hanako.send("/act/finish")
    return hanako


def test_an_item_that_she_calls_wrong_is_signed_in_words_and_carried_with_the_item(at_portal):
    async def story(house):
        hanako, _ = await calls_wrong(house)
        assert "これは違う、という申出（訂正）" in hanako.page
        assert "宛先 to: 大阪府大阪市" in hanako.page
        assert "合計所得金額" in hanako.page
        assert house.ledger.told == []
        await hanako.sign()
        await hanako.send("/act/finish")
        assert hanako.at == "/questions"
        [told] = house.ledger.told
        assert (told.kind, told.about, told.item, told.text) == (
            "wrong",
            TAX.answer,
            "local-tax.total-income",
            WORDS,
        )
        [question] = await house.rows("SELECT question, kind FROM question")
        assert question == (told.claim, "wrong")
        assert "送りました" in hanako.page

    at_portal(story)


def test_what_the_portal_signs_and_carries_holds_no_value_of_the_item(at_portal):
    async def story(house):
        await says(house)
        assert b"3210000" not in house.holders.asked[-1]
        assert b"3,210,000" not in house.holders.asked[-1]
        [told] = house.ledger.told
        assert "3210000" not in str(told)

    at_portal(story)


def test_the_answer_stands_on_her_page_in_words(at_portal):
    async def story(house):
        hanako = await says(house)
        [told] = house.ledger.told
        mine = house.ledger.claims["hanako"]
        for state, words in (("open", "届きました。答えを待っています"), ("sent", "送りました")):
            mine[told.claim] = claim_of(told, state=state)
            await hanako.open("/questions")
            assert words in hanako.page
            assert "期限：2026-07-01" in hanako.page
        mine[told.claim] = claim_of(
            told,
            state="answered",
            decision="corrected",
            answered_on=date(2026, 6, 20),
            answer="医療費を引きました",
        )
        await hanako.open("/questions")
        for words in ("答えがあります", "訂正しました", "2026-06-20", "医療費を引きました"):
            assert words in hanako.page, words
        assert "期限：" not in hanako.page
        taro = house.person()
        await taro.log_in("Taro")
        await taro.open("/questions")
        assert "医療費を引きました" not in taro.page

    at_portal(story)


def test_another_persons_card_says_nothing_for_her(at_portal):
    """2023: who left her session open at a shared terminal was written to by the next person."""

    async def story(house):
        hanako, _ = await calls_wrong(house)
        hanako.tray.put_in("Taro")
        await hanako.sign()
        await hanako.send("/act/finish")
        assert "other-person" in hanako.page
        assert await house.value("SELECT count(*) FROM question") == 0
        assert house.ledger.told == []

    at_portal(story)


def test_nobody_calls_wrong_what_was_not_shown_to_her(at_portal):
    async def story(house):
        house.ledger.holds["taro"] = {"local-tax": (held("lg-131032", total_income=1),)}
        hanako = await asks_for_data(house, TAX)
        token = form_of(hanako.page, "/mine/wrong").values["form_token"]
        for item in (
            f"{held('lg-131032').answer} local-tax.total-income",
            f"{TAX.answer} local-tax.income-levy",
            TAX.answer,
            "",
        ):
            await hanako.post("/mine/wrong", {"form_token": token, "item": [item]})
            assert hanako.status == 422, item
            assert "not-found" in hanako.page
        await hanako.open("/wrong")
        assert hanako.at == "/mine"

    at_portal(story)


def test_words_are_needed_and_a_missing_one_is_told_at_its_field(at_portal):
    async def story(house):
        hanako, _ = await calls_wrong(house, text="")
        assert hanako.status == 422
        assert 'href="#text"' in hanako.page

    at_portal(story)


def test_a_question_is_carried_too_and_one_whose_record_is_late_goes_with_the_next_look(at_portal):
    async def story(house):
        hanako = await reads(house, record(1))
        await asks(hanako, text="何に使いましたか")
        house.ledger.records["hanako"] = []
        await hanako.sign()
        await hanako.send("/act/finish")
        assert house.ledger.told == []
        assert "送る準備中" in hanako.page
        house.ledger.records["hanako"] = [record(1)]
        await hanako.open("/questions")
        [told] = house.ledger.told
        assert (told.kind, told.about, told.text) == (
            "question",
            record(1).record,
            "何に使いましたか",
        )
        await hanako.open("/questions")
        assert len(house.ledger.told) == 1

    at_portal(story)


def test_her_questions_are_there_when_the_ledger_cannot_be_asked(at_portal):
    async def story(house):
        hanako = await says(house)
        for _ in range(2):
            house.clock.advance(timedelta(minutes=8))
            await hanako.open("/questions")
        assert hanako.status == 200
        assert WORDS in hanako.page
        assert "機関からの答えを読めません" in hanako.page

    at_portal(story)


def test_wherever_an_entry_stands_she_may_ask_about_it_whatever_she_narrowed_her_list_down_to(
    at_portal,
):
    async def story(house):
        hanako = house.person()
        await hanako.log_in()
        after = house.clock.now() + timedelta(minutes=1)
        house.ledger.records["hanako"] = [record(1, requested_at=after), record(2)]
        house.clock.advance(timedelta(minutes=2))
        await hanako.open("/looked")
        await hanako.send("/looked", outcome="REFUSED_ITEM")
        assert "東京都港区が" not in hanako.page
        await hanako.log_in()
        for page in ("/", "/notices"):
            await hanako.open(page)
            await hanako.send("/looked/ask", record=record(1).record)
            assert hanako.at == "/ask", page
            assert "東京都港区が、大阪府大阪市に照会しました" in hanako.page
        house.ledger.records["taro"] = [record(7)]
        token = form_of(hanako.page, "/ask").values["form_token"]
        await hanako.post("/looked/ask", {"form_token": token, "record": [record(7).record]})
        assert (hanako.status, "not-found" in hanako.page) == (422, True)

    at_portal(story)
