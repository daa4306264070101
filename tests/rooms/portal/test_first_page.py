"""The first page: what waits, what is new since the time before, and that nobody else learns of it."""

import re
from datetime import timedelta

import pytest

from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.sql import Database
from kumihimo.rooms.portal import news, reading, remembered
from kumihimo.rooms.portal.visits import StoredVisits
from tests.nowhere import nowhere
from tests.rooms.portal.house import House
from tests.rooms.portal.ledger import START, claim_of, notice_of, record
from tests.rooms.portal.test_claims import says
from tests.rooms.portal.test_notices import press

NONE = "前回のあと、見た機関はありません"
DAY = timedelta(days=1)


async def comes(house, *, records=None, notices=None, **how):
    if records is not None:
        house.ledger.records["hanako"] = list(records)
    if notices is not None:
        house.ledger.notices["hanako"] = notices
    hanako = house.person(**how)
    await hanako.log_in()
    assert (hanako.at, hanako.status) == ("/", 200)
    return hanako


def test_the_first_time_nothing_is_called_new_and_the_second_time_only_what_came_since(at_portal):
    async def story(house):
        first = await comes(house, records=[record(1), record(2)])
        assert "2件あります" in first.page
        assert "前回" not in first.page
        house.clock.advance(DAY)
        again = await comes(house)
        assert "前回は 2026-06-01 12:00 でした" in again.page
        assert NONE in again.page
        house.clock.advance(DAY)
        new = record(0, requester="nenkin", affair="b037")
        after = await comes(house, records=[new, record(1), record(2)])
        assert "1件あります" in after.page
        assert "日本年金機構" in after.page
        assert NONE not in after.page

    at_portal(story)


def test_what_is_new_stays_so_through_the_visit_and_is_old_in_the_next(at_portal):
    async def story(house):
        await comes(house, records=[record(1)])
        hanako = await comes(house, records=[record(0), record(1)])
        for _ in range(2):
            await hanako.open("/looked")
            await hanako.open("/")
            assert "1件あります" in hanako.page
        assert NONE in (await comes(house)).page

    at_portal(story)


def test_of_two_first_pages_at_once_none_takes_the_other_for_the_time_before(at_portal):
    async def story(house):
        await comes(house, records=[record(1)])
        house.clock.advance(DAY)
        hanako = await comes(house, records=[record(0), record(1)])
        visits = StoredVisits(house.portal)
        late = await visits.find(hanako.http.cookies["kumihimo-portal"])
        assert late is not None
        del late.kept[news.BEFORE]  # as this page found it before the other was done
        told = await reading.overview(house.portal, late)
        had = (await remembered.read(house.portal, late, told, ())).look
        found = await news.read(house.portal, late, told, (), had)
        assert (found.looks, found.since) == (1, house.clock.now() - DAY)
        await visits.keep(late)
        await hanako.open("/")
        assert "1件あります" in hanako.page
        assert NONE in (await comes(house)).page

    at_portal(story)


def test_what_she_saw_while_the_database_refused_is_written_down_by_the_next_page(
    at_portal, monkeypatch
):
    async def story(house):
        hanako = house.person()
        house.ledger.records["hanako"] = [record(1)]
        with monkeypatch.context() as patched:
            patched.setattr(Database, "brief", _refuses)
            await hanako.log_in()
            assert hanako.status == 200
            assert await house.value("SELECT count(*) FROM last_look") == 0
        await hanako.open("/")
        assert await house.value("SELECT count(*) FROM last_look") == 1
        assert NONE in (await comes(house)).page, "and it is old in her next visit"

    at_portal(story)


def _refuses(*_):
    raise Unavailable("the database refuses")


def test_an_entry_that_is_told_days_after_it_was_asked_for_is_new_all_the_same(at_portal):
    """The ledger keeps an entry back until its provider, who may hide it, has spoken."""

    async def story(house):
        await comes(house, records=[record(3)])
        late = record(2, requested_at=START - 2 * DAY)
        assert "1件あります" in (await comes(house, records=[late, record(3)])).page

    at_portal(story)


@pytest.mark.parametrize("times", [199, 201])
def test_an_entry_that_vanishes_leaves_no_trace_in_any_count(at_portal, times):
    """Hidden (不開示) after all: neither less nor, by what moves up in its place, more."""

    async def story(house):
        entries = [record(n) for n in range(1, times + 1)]
        await comes(house, records=entries)
        page = (await comes(house, records=entries[1:])).page
        assert NONE in page
        assert "件あります" not in page

    at_portal(story)


def test_what_she_asked_herself_is_nobody_who_looked(at_portal):
    async def story(house):
        await comes(house, records=[])
        own = record(0, requester="ledger", affair="self-information")
        assert NONE in (await comes(house, records=[own])).page

    at_portal(story)


def test_more_than_two_hundred_new_ones_are_not_counted_on(at_portal):
    async def story(house):
        await comes(house, records=[])
        many = [record(0, record=f"{n:022d}") for n in range(250)]
        assert "200+件あります" in (await comes(house, records=many)).page

    at_portal(story)


def test_what_waits_stands_there_by_deadline_and_goes_when_she_is_done_with_it(at_portal):
    async def story(house):
        today = START.date() + DAY
        told = (
            notice_of(1, title="あとの", deadline=today + 20 * DAY),
            notice_of(2, title="もうすぐの", deadline=today + 2 * DAY),
            notice_of(3, title="過ぎた", deadline=today - DAY),
            notice_of(4, title="とりけし", withdrawn=True, text="", link="", deadline=None),
            notice_of(5, title="よむだけ", deadline=None),
        )
        hanako = await comes(house, notices=told)
        at = [hanako.page.index(words) for words in ("過ぎた", "もうすぐの", "あとの", "よむだけ")]
        assert at == sorted(at)
        for words in ("期限を過ぎました", "あと2日", "あと20日", "未読"):
            assert words in hanako.page, words
        assert "とりけし" not in hanako.page
        for n, mark in ((5, ""), (2, "done"), (3, "")):
            await hanako.open("/notices")
            await press(hanako, "/notices", notice=told[n - 1].notice)
            if mark:
                await hanako.send("/notice", mark=mark)
        await hanako.open("/")
        assert "過ぎた" in hanako.page, "read is not done"
        for words in ("よむだけ", "もうすぐの"):
            assert words not in hanako.page, words

    at_portal(story)


def test_of_many_notices_the_first_five_stand_there_and_how_many_more(at_portal):
    async def story(house):
        hanako = await comes(house, notices=tuple(notice_of(n) for n in range(1, 9)))
        assert hanako.page.count("児童手当の現況届") == 5
        assert "3件" in hanako.page

    at_portal(story)


def test_an_answer_waits_for_her_once(at_portal):
    async def story(house):
        hanako = await says(house)
        await hanako.open("/")
        assert "尋ねたことへの答え" not in hanako.page
        [told] = house.ledger.told
        answered = claim_of(told, state="answered", decision="kept", answered_on=START.date())
        house.ledger.claims["hanako"] = {told.claim: answered}
        assert "答え 1件" in (await comes(house)).page
        assert "尋ねたことへの答え" not in (await comes(house)).page

    at_portal(story)


def test_with_nothing_to_tell_the_page_says_so_in_three_kinds_of_words(at_portal):
    async def story(house):
        hanako = await comes(house)
        assert "いま、することはありません" in hanako.page
        await hanako.send("/language", language="en")
        assert "Nothing waits for you." in hanako.page
        await hanako.send("/language", language="easy")
        assert "いま する ことは ありません" in hanako.page

    at_portal(story)


def test_while_the_ledger_is_silent_the_page_is_there_and_nothing_grows_old(at_portal):
    async def story(house):
        await comes(house, records=[record(1)])
        house.ledger.waits = 99
        silent = await comes(house, records=[record(0), record(1)])
        assert "お知らせと記録を読めません" in silent.page
        assert "件あります" not in silent.page
        house.ledger.waits = 0
        assert "1件あります" in (await comes(house)).page

    at_portal(story)


def test_when_and_what_she_saw_stands_in_no_dump_and_its_length_tells_nothing(at_portal, postgres):
    async def story(house: House):
        named = record(0, record="Q7xkLm2pQ7xkVbNmTrWsYz")
        await comes(house, records=[named, *(record(n) for n in range(1, 100))])
        taro = house.person()
        await taro.log_in("Taro")
        dump = postgres.dump(house.name)
        assert nowhere(b"NmTrWsYz", dump)
        assert nowhere(b"2026-06-01T", dump)
        lengths = await house.rows("SELECT DISTINCT octet_length(content_locked) FROM last_look")
        assert len(lengths) == 1

    at_portal(story)


def test_furigana_is_switched_on_without_script_stays_and_leaves_what_others_write_alone(at_portal):
    async def story(house):
        hanako = await comes(house, records=[record(1)], notices=(notice_of(1),))
        assert "<ruby>" not in hanako.page
        plain = hanako.page
        await hanako.send("/language", language="furigana")
        await hanako.open("/")
        assert "<ruby>情報<rp>(</rp><rt>じょうほう</rt><rp>)</rp></ruby>" in hanako.page
        bare = re.sub("<rp>[()]</rp>|<rt>[^<]*</rt>|</?ruby>", "", hanako.page)
        main = slice(plain.index("<main"), plain.index("</main>"))
        assert plain[main] in bare, "without the readings the page is as it was"
        await hanako.open("/notices")
        for words in ("児童手当の現況届（1）", "東京都港区", "<title>お知らせ - Kumihimo</title>"):
            assert words in hanako.page, words
        await hanako.send("/language", language="ja")
        await hanako.open("/")
        assert "<ruby>" not in hanako.page

    at_portal(story)
