"""The page with the state of all rooms: what operators read on it, and what it asks of the rooms."""

import asyncio
import re
from datetime import timedelta

import httpx2
import msgspec
import pytest

from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.metrics import Meter
from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.settings import BadSettings, load
from kumihimo.operations.canary import Canary
from kumihimo.run.dashboard import DashboardSettings, lasting
from tests.federation.street import START, transport_to
from tests.run.dashboards import EVERY, dashboard, told

CANARY = """rooms = {{ linkage = "http://x" }}
[canary]
gateway = "{}"
token = {{ file = "token" }}
addressee = "1"
affair = "b081"
provider = "lg-271004"
items = ["local-tax.total-income"]
layout = "local-tax"
every_s = {}
"""


def opened(*addresses, **given):
    """Open addresses of the page; gives the answers, and what the rooms were asked."""

    async def whole():
        async with dashboard(**given) as (app, asked):
            transport = transport_to(app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://here") as http:
                return [await http.get(address) for address in addresses], asked

    return asyncio.run(whole())


def rows(page):
    """Return the text of each row of the first table, by its room."""
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    found = re.findall(r"<tr><th scope=\"row\">(.*?)</th>(.*?)</tr>", body, re.DOTALL)
    return {room: " ".join(re.sub(r"<[^>]+>", " ", rest).split()) for room, rest in found}


def test_each_room_stands_there_with_what_has_to_be_looked_at():
    [answer], asked = opened("/")
    assert answer.status_code == 200
    assert rows(answer.text) == {
        "register": "正常 —",
        "linkage": "警報 送信待ち（ledger）：2時間5分経過、上限 15分"
        " ledgerから2時間5分応答なし。あと21時間55分で拒否を始める（ledger-silent）",
        "jpki": "警報 失効リスト（署名用）：1日2時間経過、上限 1日1時間",
        "cards": "拒否中 oversightから1日1時間応答なし。拒否している（directory-too-old）",
        "gateway-east": "データベース応答なし・書込不可 —",
        "oversight": "改竄の疑い データベースの異常：journal edited（1分1秒前に発見）",
        "portal": "読めない応答 —",
        "ledger": "応答なし —",
    }
    assert "見るべき機関が 7 あります" in answer.text
    assert "<ledger>" not in answer.text
    assert sorted(asked) == sorted((room, b"/health") for room in EVERY)


def test_in_english():
    [answer], _ = opened("/?language=en")
    assert '<html lang="en">' in answer.text
    found = rows(answer.text)
    assert found["linkage"] == (
        "Somebody has to look letters to send (ledger): 2 h 5 min old, the limit is 15 min"
        " ledger is silent for 2 h 5 min; the room refuses in 21 h 55 min (ledger-silent)"
    )
    assert found["ledger"] == "Does not answer —"


def test_when_all_is_well_it_says_so():
    [answer], _ = opened("/", answers={"linkage": told("linkage", "ok")}, silent=())
    assert "すべて正常です" in answer.text
    assert "見るべき機関" not in answer.text


def test_it_reloads_by_itself_only_for_who_asked_for_it_and_without_script():
    (still, again), _ = opened("/", "/?language=en&refresh=yes")
    assert "refresh" not in still.headers
    assert again.headers["refresh"] == "30"
    assert "Stop that" in again.text
    for answer in (still, again):
        assert "<script" not in answer.text
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"


def test_who_reloads_without_end_does_not_knock_at_the_rooms_each_time():
    _, asked = opened("/", "/", "/?language=en")
    assert len(asked) == len(EVERY)

    class Later(HandClock):
        def now(self):
            self.advance(timedelta(seconds=2))
            return super().now()

    _, asked = opened("/", "/", clock=Later(START))
    assert len(asked) == 2 * len(EVERY)


def test_a_room_of_a_newer_program_is_read_and_a_state_that_is_not_known_is_looked_at():
    newer = msgspec.json.decode(told("linkage", "ok"))
    answers = {
        "linkage": msgspec.json.encode(newer | {"more": 1}),
        "cards": msgspec.json.encode(newer | {"state": "burning"}),
    }
    [answer], _ = opened("/", answers=answers, silent=())
    assert rows(answer.text) == {"linkage": "正常 —", "cards": "読めない応答 —"}


def test_a_canary_stands_among_the_rooms_and_programs_read_it():
    clock = HandClock(START)
    canary = Canary(
        ask=never, clock=clock, meter=Meter(), every=timedelta(minutes=1), slow=timedelta(seconds=9)
    )
    clock.advance(timedelta(minutes=3))
    answers = {"linkage": told("linkage", "ok")}
    (page, metrics), _ = opened(
        "/", "/metrics", answers=answers, silent=(), clock=clock, canary=canary
    )
    assert rows(page.text)["canary"] == "警報 カナリア照会の回答：3分経過、上限 3分"
    assert metrics.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'kumihimo_alarm{of="canary",party=""} 1.0' in metrics.text


def test_without_a_canary_there_is_nothing_for_programs():
    [answer], _ = opened("/metrics")
    assert answer.status_code == 404


async def never():
    """Be a system that does not answer."""
    raise Unavailable


@pytest.mark.parametrize(
    ("seconds", "ja", "en"),
    [
        (0, "0秒", "0 s"),
        (59, "59秒", "59 s"),
        (60, "1分", "1 min"),
        (3_601, "1時間", "1 h"),
        (3_660, "1時間1分", "1 h 1 min"),
        (90_061, "1日1時間", "1 d 1 h"),
        (86_400, "1日", "1 d"),
    ],
)
def test_a_length_of_time_is_told_in_its_two_largest_units(seconds, ja, en):
    assert (lasting(seconds, "ja"), lasting(seconds, "en")) == (ja, en)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "rooms"),
        ("rooms = {}", "rooms"),
        ('rooms = { linkage = "nowhere" }', "rooms"),
        ('listen = "x"\nrooms = { linkage = "http://x" }', "listen"),
        ('rooms = { linkage = "http://x" }\nmore = 1', "more"),
        (CANARY.format("nowhere", 1), "canary.gateway"),
        (CANARY.format("http://x", 0), "every_s"),
        (CANARY.format("http://x", 1), "token"),
    ],
)
def test_a_setting_that_cannot_be_is_told_by_its_key(tmp_path, text, key):
    path = tmp_path / "operations.toml"
    path.write_text(text)

    def read():
        settings = load(path, DashboardSettings)
        settings.address()
        settings.doors()
        if settings.canary is not None:
            settings.canary.client(beside=path)

    with pytest.raises(BadSettings, match=key):
        read()
