"""Statistics come from the core alone and are read by everybody."""

import re
from typing import get_args

import httpx2
import msgspec
import pytest

from kumihimo.kernel.net import Refused
from kumihimo.rooms.linkage.api import Outcome
from kumihimo.rooms.linkage.domain.counting import OPEN
from kumihimo.rooms.oversight.api import COUNTED_PATH, STATISTICS_PATH, Received
from kumihimo.rooms.oversight.app import build
from kumihimo.rooms.oversight.pages import OUTCOMES
from kumihimo.rooms.oversight.statistics_api import (
    InstitutionCounted,
    MonthCounted,
    SideCounted,
)
from tests.federation.street import transport_to
from tests.rooms.oversight.test_directory import ENTROPY, at_oversight, entry_of, keys_of

__all__ = ["at_oversight"]  # a fixture

SIDE = SideCounted(inquiries=20, outcomes={"OK": 10}, within=(0, 10, 10, 10))
TOWN = InstitutionCounted(institution="lg-131032", asked=SIDE, was_asked=SIDE)
OCTOBER = MonthCounted(month="2026-10", institutions=(TOWN,))
TOLD = msgspec.json.decode(msgspec.json.encode(OCTOBER))


async def send(scene, message, sender="linkage"):
    answer, _ = await scene.caller(sender).call("oversight", COUNTED_PATH, message, Received)
    return answer.new


async def enter(scene):
    scene.keys["linkage"] = keys_of("linkage")
    await scene.enrol(entry_of(scene.keys["linkage"], "linkage"))
    await scene.enrol(entry_of(scene.keys["lg-131032"]))


async def read(scene, month):
    app = build(scene.oversight, entropy=ENTROPY, report=print).app
    transport = transport_to(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://oversight") as client:
        answer = await client.get(STATISTICS_PATH + month)
    return answer.status_code, msgspec.json.decode(answer.content)


def test_everybody_reads_the_months_that_the_core_counted_as_it_sent_them(at_oversight):
    async def story(scene):
        await enter(scene)
        september = msgspec.structs.replace(OCTOBER, month="2026-09", institutions=())
        for month in (september, OCTOBER):
            assert [await send(scene, month), await send(scene, month)] == [1, 0]
        assert await read(scene, "") == (200, {"months": ["2026-10", "2026-09"]})
        assert await read(scene, "/2026-10") == (200, TOLD)
        status, problem = await read(scene, "/2026-11")
        assert (status, problem["type"]) == (404, "urn:kumihimo:not-found")

    at_oversight(story)


def test_what_is_published_is_not_written_over(at_oversight):
    async def story(scene):
        await enter(scene)
        await send(scene, OCTOBER)
        assert await send(scene, msgspec.structs.replace(OCTOBER, institutions=())) == 0
        assert await read(scene, "/2026-10") == (200, TOLD)

    at_oversight(story)


@pytest.mark.parametrize(
    ("sender", "message", "reason"),
    [
        ("lg-131032", OCTOBER, "not-allowed"),
        ("linkage", {"month": "2026-13", "institutions": []}, "bad-input"),
        ("linkage", msgspec.structs.replace(OCTOBER, month="202610"), "bad-input"),
    ],
)
def test_nobody_else_tells_and_no_count_below_ten_is_taken(at_oversight, sender, message, reason):
    async def story(scene):
        await enter(scene)
        with pytest.raises(Refused) as refusal:
            await send(scene, message, sender)
        assert refusal.value.reason == reason

    at_oversight(story)


# The page


async def shown(scene, query=""):
    app = build(scene.oversight, entropy=ENTROPY, report=print).app
    async with httpx2.AsyncClient(
        transport=transport_to(app), base_url="http://oversight"
    ) as client:
        answer = await client.get("/" + query)
        assert answer.status_code == 200, answer.text
        [style, *_] = re.findall(r'href="(/style/[^"]+)"', answer.text)
        assert (await client.get(style)).status_code == 200
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    return answer.text


def test_everybody_reads_a_month_as_a_page_in_japanese_and_in_english(at_oversight):
    async def story(scene):
        await enter(scene)
        assert "まだ統計がありません" in await shown(scene)
        refused = SideCounted(inquiries=60, outcomes={"OK": 40, "NEW": 10}, within=(20, 20, 30, 40))
        asked = InstitutionCounted(institution="lg-131032", asked=refused, was_asked=SIDE)
        september = MonthCounted(month="2026-09", institutions=(asked,))
        for month in (september, OCTOBER):
            await send(scene, month)
        latest = await shown(scene)
        assert "<h2>2026-10</h2>" in latest
        assert "東京都港区" in latest
        before = await shown(scene, "?month=2026-09&language=en")
        assert "<h2>2026-09</h2>" in before
        for words in ("Provided 40", "NEW 10", "Within 10 seconds 20", "Within a day 40"):
            assert f'aria-label="{words}"' in before
        assert 'width="100.00"' in before
        assert 'width="25.00"' in before

    at_oversight(story)


@pytest.mark.parametrize("month", ["2026-11", "../../etc", "<b>", "%00"])
def test_a_month_that_is_not_there_is_said_and_not_shown_back(at_oversight, month):
    async def story(scene):
        await enter(scene)
        await send(scene, OCTOBER)
        page = await shown(scene, f"?month={month}")
        assert "その月の統計はありません" in page
        assert "<h2>2026-10</h2>" in page
        assert month not in page.replace("その月", "")

    at_oversight(story)


def test_every_outcome_that_the_core_counts_has_words(at_oversight):
    assert set(OUTCOMES) == {*get_args(Outcome), OPEN}
