"""One's own data: what she sees of it, in which words, and that the portal keeps none of it."""

from datetime import timedelta

from kumihimo.rooms.portal import wording
from kumihimo.statute.layouts import layouts
from tests.nowhere import nowhere, nowhere_by_itself
from tests.rooms.portal.ledger import held


async def asks(house, *answers, information="local-tax", **how):
    house.ledger.holds["hanako"] = {"local-tax": answers}
    hanako = house.person(**how)
    await hanako.log_in()
    await hanako.open("/mine")
    await hanako.send("/mine", information=information)
    return hanako


def test_she_sees_what_an_institution_holds_with_source_and_dates_in_three_kinds_of_words(
    at_portal,
):
    async def story(house):
        hanako = await asks(house, held(income_year=2025, total_income=3_210_000))
        assert (hanako.at, hanako.status) == ("/mine", 200)
        for words in (
            "住民税（所得など）",
            "12:00 に、60 の機関に尋ねました",
            "大阪府大阪市",
            "合計所得金額",
            ">3,210,000<",
            ">2025<",
            "2026-05-20",
            "2026-05-31",
        ):
            assert words in hanako.page, words
        await hanako.send("/language", language="en")
        await hanako.open("/mine")
        for words in ("local tax and income", "total income", "of 60 institutions", "As of"):
            assert words in hanako.page, words
        await hanako.send("/language", language="easy")
        await hanako.open("/mine")
        assert "しょとくの ごうけい" in hanako.page

    at_portal(story)


def test_another_person_sees_nothing_of_it_and_a_stranger_is_asked_who_she_is(at_portal):
    async def story(house):
        await asks(house, held(total_income=3_210_000))
        taro = house.person()
        await taro.log_in("Taro")
        await taro.open("/mine")
        assert "3,210,000" not in taro.page
        await taro.send("/mine", information="local-tax")
        assert "見せられる情報を持つ機関はありませんでした" in taro.page
        stranger = house.person()
        await stranger.open("/mine")
        assert stranger.at == "/sign-in"

    at_portal(story)


def test_a_record_that_is_being_checked_says_so_and_shows_nothing(at_portal):
    async def story(house):
        hanako = await asks(house, held("lg-131032"), held(total_income=3_210_000))
        assert hanako.page.count("確認中のため、表示を止めています") == 1
        assert "東京都港区" in hanako.page
        assert hanako.page.count("<table") == 1

    at_portal(story)


def test_an_institution_that_is_silent_is_named_and_its_answer_comes_with_the_next_look(at_portal):
    async def story(house):
        house.ledger.silent = {"lg-271004"}
        hanako = await asks(house, held(total_income=3_210_000))
        assert "まだ答えていません：大阪府大阪市" in hanako.page
        assert "見せられる情報を持つ機関はありませんでした" not in hanako.page
        house.ledger.silent = set()
        await hanako.open("/mine")
        assert "3,210,000" in hanako.page
        assert "まだ答えていません" not in hanako.page

    at_portal(story)


def test_of_two_questions_for_one_kind_the_latest_is_shown(at_portal):
    async def story(house):
        hanako = await asks(house, held(total_income=3_210_000))
        house.clock.advance(timedelta(minutes=2))
        await hanako.send("/mine", information="local-tax")
        assert "12:02 に" in hanako.page
        assert "12:00 に" not in hanako.page
        await hanako.send("/mine", information="resident-record")
        assert "12:02 に、60 の機関に尋ねました" in hanako.page
        assert hanako.page.count("<section") == 2

    at_portal(story)


def test_who_chooses_no_kind_is_told_at_the_field_and_nobody_is_asked(at_portal):
    async def story(house):
        hanako = house.person()
        await hanako.log_in()
        await hanako.open("/mine")
        for information in ("", "disability", "local-tax/2024"):
            await hanako.post("/mine", _form(hanako) | {"information": information})
            assert hanako.status == 422, information
            assert 'href="#information"' in hanako.page
        assert house.ledger.own == {"token-1": []}

    at_portal(story)


def _form(person):
    token = person.page.partition('name="form_token" value="')[2].partition('"')[0]
    return {"form_token": token}


def test_after_the_ledgers_quarter_of_an_hour_the_card_is_asked_for_again(at_portal):
    async def story(house):
        hanako = await asks(house, held(total_income=3_210_000))
        for _ in range(2):
            house.clock.advance(timedelta(minutes=8))
            await hanako.open("/mine")
        assert hanako.status == 403
        assert "3,210,000" not in hanako.page
        assert "もう一度カードで確かめてください" in hanako.page

    at_portal(story)


def test_nothing_of_it_is_stored_at_the_portal_and_what_a_visit_keeps_does_not_name_it(at_portal):
    async def story(house):
        hanako = await asks(house, held(total_income=3_210_000))
        assert "3,210,000" in hanako.page
        tables = await house.rows(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migration'"
        )
        for (table,) in tables:
            for row in await house.rows(f"SELECT t.*::text FROM {table} t".encode()):
                assert nowhere_by_itself("3210000", row[0])
                assert nowhere("local-tax", row[0])
        visits = await house.rows("SELECT token_hash, content_locked FROM visit")
        for token_hash, content in visits:
            label = b"visit" + bytes(token_hash)
            kept = house.portal.locker.unlock(bytes(content), label=label)
            assert b"total-income" not in kept
            assert b"3210000" not in kept

    at_portal(story)


def test_every_kind_that_can_be_asked_for_and_every_item_of_it_has_words_of_its_own():
    assert set(wording.kinds()) == {one.information for one in layouts().values()}
    for layout in layouts().values():
        for language in ("ja", "easy", "en"):
            assert wording.information(layout.information).say(language) != layout.information
            for field in layout.fields:
                assert wording.bare_item(field.item).say(language) != field.item
