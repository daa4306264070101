"""Feedback on a page: two presses from each, by nobody, read by the operator alone, forgotten in time."""

from datetime import date, timedelta

import pytest

from kumihimo.rooms.portal import feedback
from kumihimo.rooms.portal.app import tidy
from kumihimo.rooms.portal.feedback import A_MINUTE, KEPT_FOR
from tests.nowhere import nowhere
from tests.rooms.cards.forms import form_of
from tests.rooms.portal.test_weight import pages_of

WORDS = "ボタンが見つかりません"
LONG_AGO = date(2000, 1, 1)


async def says(person, page="/looked", found="unclear", words=WORDS):
    await person.open(f"/feedback?page={page}")
    return await person.send("/feedback", found=found, text=words)


def test_from_every_page_it_is_one_press_to_the_form_and_one_to_send_it(at_portal):
    async def story(house):
        hanako = house.person()
        await hanako.log_in()
        for path in pages_of(house.room.app):
            await hanako.open(path)
            assert f'href="/feedback?page={hanako.at}"' in hanako.page, (path, hanako.at)
        await says(hanako)
        assert "ありがとうございます" in hanako.page
        assert 'href="/looked"' in hanako.page, "and back to where she was"
        [one] = await feedback.read(house.portal, LONG_AGO)
        assert (one.page, one.found, one.language, one.text) == ("/looked", "unclear", "ja", WORDS)
        assert one.on == date(2026, 6, 1)

    at_portal(story)


def test_who_cannot_come_in_may_say_so_too(at_portal):
    async def story(house):
        stranger = house.person()
        await says(stranger, "/sign-in", "broken", "")
        [one] = await feedback.read(house.portal, LONG_AGO)
        assert (one.page, one.found, one.text) == ("/sign-in", "broken", "")

    at_portal(story)


def test_nothing_beside_it_tells_who_said_it_and_her_words_stand_open_nowhere(at_portal):
    async def story(house):
        hanako, taro = house.person(), house.person()
        await hanako.log_in()
        await taro.log_in("Taro")
        await says(hanako)
        await says(taro)
        rows = await house.rows("SELECT f.*::text FROM feedback f")
        accounts = await house.rows("SELECT account FROM account")
        assert len(rows) == 2
        for (row,) in rows:
            assert nowhere(WORDS, row)
            assert nowhere(WORDS.encode().hex(), row)
            assert all(account not in row for (account,) in accounts)
        [[length]] = await house.rows("SELECT count(DISTINCT length(text_locked)) FROM feedback")
        assert length == 1
        lines = await house.rows("SELECT actor FROM journal WHERE act = 'feedback-given'")
        assert lines == [("somebody",), ("somebody",)]

    at_portal(story)


@pytest.mark.parametrize(
    ("sent", "field"),
    [({"text": WORDS}, "found"), ({"found": "clear", "text": "長" * 1001}, "text")],
)
def test_what_is_missing_or_too_long_is_told_at_its_field_and_nothing_typed_is_lost(
    at_portal, sent, field
):
    async def story(house):
        stranger = house.person()
        await stranger.open("/feedback?page=/help")
        values = form_of(stranger.page, "/feedback").values
        await stranger.post("/feedback", values | sent)
        assert stranger.status == 422
        assert f'href="#{field}"' in stranger.page
        assert sent["text"] in stranger.page
        assert form_of(stranger.page, "/feedback").values["page"] == ["/help"]
        assert await feedback.read(house.portal, LONG_AGO) == []

    at_portal(story)


def test_it_speaks_of_pages_of_ours_alone(at_portal):
    async def story(house):
        stranger = house.person()
        for page in (
            "https://evil.example/",
            "//evil.example",
            "/looked?x",
            "",
            "/style/tokens.css",
        ):
            await stranger.open(f"/feedback?page={page}")
            assert "evil" not in stranger.page
            assert form_of(stranger.page, "/feedback").values["page"] == ["/"], page

    at_portal(story)


def test_from_one_place_there_is_so_much_and_no_more(at_portal):
    async def story(house):
        stranger = house.person()
        for _ in range(A_MINUTE):
            await says(stranger)
            assert "ありがとうございます" in stranger.page
        await says(stranger)
        assert "too-many" in stranger.page
        assert len(await feedback.read(house.portal, LONG_AGO)) == A_MINUTE
        house.clock.advance(timedelta(minutes=1))
        await says(stranger)
        assert "ありがとうございます" in stranger.page

    at_portal(story)


def test_it_is_forgotten_after_a_year_and_not_a_day_sooner(at_portal):
    async def story(house):
        await says(house.person())
        for wait, left in ((KEPT_FOR, 1), (timedelta(days=1), 0)):
            house.clock.advance(wait)
            await tidy(house.portal)
            assert len(await feedback.read(house.portal, LONG_AGO)) == left

    at_portal(story)
