"""What offices asked register about her: on her pages within a minute, and a notice like any look."""

import re
from datetime import date, timedelta
from typing import Any

import pytest

from kumihimo.rooms.portal import inquired
from kumihimo.rooms.register.api import OfficeAsked
from tests.nowhere import nowhere
from tests.rooms.cards.forms import form_of
from tests.rooms.portal.ledger import START, record
from tests.rooms.portal.test_first_page import comes
from tests.rooms.portal.test_notices import press

TODAY = date(2026, 6, 1)
LATER = inquired.FRESH_FOR
ASKED = "が、住民票の番号を調べました"
NEW = "あなたの情報が見られました"


def asked(n=0, **changes):
    """Return the n-th inquiry of somebody."""
    whole: dict[str, Any] = {
        "office": "nenkin",
        "affair": "b037",
        "on": TODAY,
        "answered": True,
        "inquiry": f"inquiry{n:015d}",
    }
    return OfficeAsked(**(whole | changes))


async def is_asked(house, *told):
    """Let offices ask about her, and the time go by for which a page makes do with what it has."""
    house.holders.offices["hanako"] = told
    house.clock.advance(LATER)


@pytest.mark.parametrize("path", ["/", "/looked", "/looked/offices", "/notices"])
def test_what_is_asked_while_she_is_here_stands_on_each_of_her_pages(at_portal, path):
    async def story(house):
        hanako = await comes(house, records=[record(1)])
        await hanako.open(path)
        assert ASKED not in hanako.page
        await is_asked(house, asked())
        await hanako.open(path)
        assert f"日本年金機構{ASKED}" in hanako.page
        taro = house.person()
        await taro.log_in("Taro")
        await taro.open(path)
        assert ASKED not in taro.page

    at_portal(story)


def test_register_is_asked_anew_once_in_a_while_and_not_for_each_page(at_portal):
    async def story(house):
        hanako = await comes(house, records=[])
        for path in ("/looked", "/looked/offices", "/notices", "/"):
            await hanako.open(path)
        assert house.holders.read_again == 0, "it came with her login"
        house.clock.advance(LATER)
        for path in ("/looked", "/looked/offices", "/"):
            await hanako.open(path)
        assert house.holders.read_again == 1

    at_portal(story)


def test_while_it_cannot_be_read_anew_the_page_says_as_of_when_it_is(at_portal):
    async def story(house):
        house.holders.offices["hanako"] = (asked(),)
        hanako = await comes(house, records=[])
        await hanako.open("/looked/offices")
        assert "いまの記録です" in hanako.page
        house.holders.silent = True
        await is_asked(house, asked(), asked(1, office="lg-131032"))
        await hanako.open("/looked/offices")
        assert "いまの記録です" not in hanako.page
        assert "2026-06-01 12:00 の記録です" in hanako.page
        assert f"日本年金機構{ASKED}" in hanako.page
        house.holders.silent = False
        house.clock.advance(LATER)
        await hanako.open("/looked/offices")
        assert "いまの記録です" in hanako.page
        assert f"東京都港区{ASKED}" in hanako.page

    at_portal(story)


def test_after_the_time_of_its_handle_it_is_as_of_the_last_time(at_portal):
    async def story(house):
        hanako = await comes(house, records=[])
        house.holders.handles.clear()
        await is_asked(house, asked())
        await hanako.open("/looked/offices")
        assert "いまの記録です" not in hanako.page
        assert "カードで入り直すと出ます" in hanako.page

    at_portal(story)


def test_an_inquiry_is_new_once_and_in_the_count_of_who_looked(at_portal):
    async def story(house):
        await comes(house, records=[record(1)])
        house.clock.advance(timedelta(days=1))
        await is_asked(house, asked(on=TODAY + timedelta(days=1)))
        hanako = await comes(house, records=[record(0), record(1)])
        assert "2件あります" in hanako.page
        assert hanako.page.index(ASKED) < hanako.page.index("大阪府大阪市に照会しました")
        again = await comes(house)
        assert "前回のあと、見た機関はありません" in again.page

    at_portal(story)


def test_an_inquiry_is_a_notice_until_she_read_it(at_portal):
    async def story(house):
        hanako = await comes(house, records=[record(0, requested_at=START + timedelta(hours=25))])
        await is_asked(house, asked(), asked(1, office="lg-131032", on=TODAY))
        await hanako.open("/")
        assert NEW in hanako.page
        assert "未読 3件" in hanako.page
        await hanako.open("/notices")
        await press(hanako, "/notices/looks", look=inquired.name_of(asked()))
        assert hanako.page.count("既読") == 1
        await hanako.open("/")
        assert "未読 2件" in hanako.page
        await hanako.open("/notices")
        await press(hanako, "/notices/looks", look="nenkin " + "x" * 22)
        assert "not-found" in hanako.page
        await hanako.open("/notices")
        await press(hanako, "/notices/looks", look="")
        assert "未読" not in hanako.page

    at_portal(story)


def test_neither_office_nor_inquiry_stands_at_the_portal(at_portal, postgres):
    async def story(house):
        await is_asked(house, asked())
        hanako = await comes(house, records=[])
        await hanako.open("/notices")
        await press(hanako, "/notices/looks", look="")
        dump = postgres.dump(house.name)
        assert nowhere(asked().inquiry.encode(), dump)
        assert nowhere(inquired.name_of(asked()).encode(), dump)
        [[marks]] = await house.rows("SELECT count(*) FROM notice_mark")
        assert marks == 1, "that she read it stands there, under a tag"

    at_portal(story)


def test_in_her_history_a_day_stands_before_all_else_of_that_day_and_on_one_page_alone(at_portal):
    async def story(house):
        day = timedelta(days=1)
        many = [record(n, requested_at=START - n * day / 4) for n in range(30)]
        house.holders.offices["hanako"] = tuple(
            asked(n, on=START.date() - n * day) for n in range(9)
        )
        hanako = await comes(house, records=many)
        await hanako.open("/looked")
        first = days_of(hanako.page)
        assert first == sorted(first, key=lambda one: one.ljust(16, "9"), reverse=True)
        older = form_of(hanako.page.partition("kh-pages")[2], "/looked")
        await hanako.post("/looked", older.values | {"cursor": ["20"]})
        second = days_of(hanako.page)
        inquiries = [one for one in first + second if len(one) == 10]
        assert len(inquiries) == len(set(inquiries)) == 9
        assert len(first) + len(second) == 39

    at_portal(story)


def days_of(page):
    return re.findall('<p class="kh-entry__when">.*?<time>(.*?)</time>', page)
