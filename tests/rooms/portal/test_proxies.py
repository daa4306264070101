"""Proxies: given and asked for by a code, one purpose each; both are told, either ends it, a card stops it."""

import csv
import io
import re
from datetime import timedelta

import msgspec
import pypdfium2
import pytest

from kumihimo.kernel.refusal import Refusal
from kumihimo.rooms.portal import proxies_checking
from kumihimo.rooms.portal.app import tidy
from kumihimo.rooms.portal.exporting import Export
from tests.rooms.portal.delegating import (
    PARTS,
    RECORDS,
    acts,
    acts_refused,
    acts_still,
    both,
    joins,
    opens,
    press,
    signs,
    two,
)
from tests.rooms.portal.ledger import held, notice_of, record

TAX = held(total_income=3_210_000)


def test_a_proxy_reads_for_her_under_a_banner_and_she_sees_it_at_once(at_portal):
    async def story(house):
        hanako, taro = await both(house)
        await acts(taro)
        assert (taro.at, taro.status) == ("/acting", 200)
        for words in (
            "代理で見ています：姉",
            "これはあなたの情報ではありません",
            "東京都港区が、大阪府大阪市に照会しました",
        ):
            assert words in taro.page, words
        assert "この記録について尋ねる" not in taro.page, "what only she may say is not offered"
        await hanako.open("/proxies")
        for words in ("代理の人（妹）が見ました", "代理が始まりました：妹", "2026-06-01 12:00"):
            assert words in hanako.page, words
        await taro.send("/acting/stop")
        assert taro.at == "/proxies"
        assert "あなたが代理で見ました（姉）" in taro.page
        await taro.open("/acting")
        assert taro.at == "/proxies"

    at_portal(story)


def test_what_a_proxy_read_stands_in_her_files_in_its_time_and_says_that_nothing_proves_it(
    at_portal,
):
    async def story(house):
        hanako, taro = await both(house)
        house.ledger.records["hanako"] = [record(n) for n in range(1, 4)]
        await acts(taro)
        [(act, whose, secret)] = house.ledger.delegations.acts
        moved = msgspec.structs.replace(act, at=record(2).requested_at + timedelta(hours=1))
        house.ledger.delegations.acts = [(moved, whose, secret)]
        await hanako.open("/looked/json")
        found = msgspec.json.decode(hanako.answer.content, type=Export)
        [told] = found.proxies
        assert (told.read_at, told.proxy, told.proof) == (moved.at, "妹", "none")
        await hanako.open("/looked/schema")
        schema = msgspec.json.decode(hanako.answer.content)
        assert set(schema["$defs"]["ExportedAct"]["properties"]) == set(msgspec.to_builtins(told))
        await hanako.open("/looked/csv")
        rows = list(csv.reader(io.StringIO(hanako.answer.content.decode("utf-8-sig"))))
        assert [row[1] for row in rows[1:]] == [
            "東京都港区",
            "代理：妹",
            "東京都港区",
            "東京都港区",
        ]
        assert rows[2][9] == "番号・証明なし"
        await hanako.open("/looked/pdf")
        text = pypdfium2.PdfDocument(hanako.answer.content)[0].get_textpage().get_text_range()
        assert "代理：妹" in text
        assert "証明もありません" in text
        await hanako.open("/looked")
        await press(hanako, "/looked", since=act.at.date().isoformat())
        await hanako.open("/looked/json")
        found = msgspec.json.decode(hanako.answer.content, type=Export)
        assert (found.records, found.proxies) == ((), ()), "only of the days that she wants"

    at_portal(story)


def test_what_a_proxy_read_stands_in_her_one_timeline_between_the_entries_and_once(at_portal):
    async def story(house):
        hanako, taro = await both(house)
        house.ledger.records["hanako"] = [record(n) for n in range(1, 31)]
        await acts(taro)
        [(act, whose, secret)] = house.ledger.delegations.acts
        for days, page in ((0, 1), (5, 1), (21, 2), (40, 2)):
            at = record(0).requested_at - timedelta(days=days, hours=-1)
            moved = msgspec.structs.replace(act, at=at)
            house.ledger.delegations.acts = [(moved, whose, secret)]
            await hanako.open("/looked")
            await hanako.send("/looked", since="", until="", requester="", outcome="")
            seen = ["代理の人（妹）が見ました" in hanako.page]
            following = re.findall(r'name="cursor" value="([^"]+)"', hanako.page)[0]
            oldest = re.findall(r'name="acts_before" value="([^"]+)"', hanako.page)[0]
            house.ledger.delegations.older = days == 21
            await press(hanako, "/looked", cursor=following, acts_before=oldest)
            seen.append("代理の人（妹）が見ました" in hanako.page)
            assert seen == [page == 1, page == 2], days
        await press(hanako, "/looked", outcome="OK")
        assert "代理の人" not in hanako.page

    at_portal(story)


def test_her_first_page_says_that_something_happened_until_she_has_seen_it(at_portal):
    async def story(house):
        hanako, taro = await both(house)
        await acts(taro)
        await acts(taro)
        await hanako.open("/")
        assert "新しいもの 2件" in hanako.page, "that it began, and that it was used today"
        await hanako.open("/proxies")
        await hanako.open("/")
        assert "新しいもの" not in hanako.page
        house.clock.advance(timedelta(days=1))
        hanako, taro = await two(house)
        await proxies_checking.look_after(house.portal)
        await acts(taro)
        await hanako.open("/")
        assert "新しいもの 1件" in hanako.page

    at_portal(story)


def test_what_she_asked_about_herself_is_hers_on_the_proxys_page_and_not_his(at_portal):
    async def story(house):
        _, taro = await both(house)
        house.ledger.records["hanako"] = [
            record(1, affair="self-information", requester="ledger", basis=("self-information",))
        ]
        await acts(taro)
        assert "本人（このポータル）が、大阪府大阪市に照会しました" in taro.page
        assert "あなた（このポータル）" not in taro.page

    at_portal(story)


def test_asked_for_by_the_proxy_it_begins_when_she_has_signed(at_portal):
    async def story(house):
        house.ledger.records["hanako"] = [record(1)]
        hanako, taro = await two(house)
        code = await opens(taro, "ask", label="姉")
        assert house.ledger.delegations.given == {}
        await hanako.open("/proxies/enter")
        await hanako.send("/proxies/enter", code=code)
        assert "署名すると、相手はあなたの情報を見ることができます" in hanako.page
        await hanako.send("/proxies/join", label="妹")
        assert "代理を頼む" in hanako.page
        assert house.ledger.delegations.given == {}
        await signs(hanako)
        await acts(taro)
        assert "東京都港区が、大阪府大阪市に照会しました" in taro.page

    at_portal(story)


@pytest.mark.parametrize(
    ("purpose", "there", "absent"),
    [
        ("notices", "児童手当の現況届（1）", "3,210,000"),
        ("information.local-tax", "3,210,000", "児童手当の現況届"),
        ("records", "大阪府大阪市に照会しました", "児童手当の現況届"),
    ],
)
def test_each_purpose_shows_its_own_thing_and_nothing_else(at_portal, purpose, there, absent):
    async def story(house):
        house.ledger.notices["hanako"] = (notice_of(1),)
        house.ledger.holds["hanako"] = {"local-tax": (TAX,)}
        _, taro = await both(house, purpose=purpose)
        await acts(taro)
        if purpose.startswith("information"):
            await taro.send("/acting", ask="yes")
            assert "これは違います" not in taro.page
        assert there in taro.page, taro.page
        assert absent not in taro.page

    at_portal(story)


def test_both_texts_say_what_for_and_until_when_before_a_card_signs(at_portal):
    async def story(house):
        await both(house)
        said = [text.decode() for text in house.holders.asked[-2:]]
        for text, who, side in zip(said, ("妹", "姉"), ("頼む", "引き受ける"), strict=True):
            for words in (f"相手 whom: {who}", side, "2026-07-01", "read who looked"):
                assert words in text, words

    at_portal(story)


def test_nothing_begins_without_both_cards(at_portal):
    async def story(house):
        hanako, taro = await two(house)
        await hanako.open("/proxies/give")
        await hanako.send("/proxies/give", RECORDS)
        assert await house.value("SELECT count(*) FROM proxy_delegation") == 0
        code = await opens(hanako)
        await taro.open("/proxies/enter")
        await taro.send("/proxies/enter", code=code)
        taro.tray.put_in("Hanako")
        await taro.send("/proxies/join", label="姉")
        await signs(taro)
        assert "other-person" in taro.page
        assert await house.value("SELECT state FROM proxy_delegation") == "offered"

    at_portal(story)


@pytest.mark.parametrize("what", ["none", "own", "used", "late", "no form", "long"])
def test_one_answer_for_a_code_that_opens_nothing(at_portal, what):
    async def story(house):
        hanako, taro = await two(house)
        code, who = await opens(hanako), taro
        if what == "own":
            who = hanako
        elif what == "used":
            await joins(taro, code)
        elif what == "late":
            house.clock.advance(timedelta(minutes=14))
            await taro.open("/")
            house.clock.advance(timedelta(minutes=14))
            await taro.open("/")
            house.clock.advance(timedelta(minutes=2))
        tried = {"none": "22222-22222", "no form": "なし", "long": "2" * 5_000}.get(what, code)
        await who.open("/proxies/enter")
        await who.send("/proxies/enter", code=tried)
        assert (who.at, who.status) == ("/proxies/enter", 422)
        assert "code-unknown" in who.page
        await who.open("/proxies/join")
        assert who.at == "/proxies/enter"

    at_portal(story)


def test_a_code_is_read_as_it_may_be_typed(at_portal):
    async def story(house):
        hanako, taro = await two(house)
        code = await opens(hanako)
        wide = "".join(
            chr(ord(one) + 0xFEE0) for one in code.lower().replace("-", " ") if one != " "
        )
        await joins(taro, f" {wide} ")
        assert "代理を始めました" in taro.page

    at_portal(story)


def test_who_tries_codes_is_slowed_down_and_nobody_else(at_portal):
    async def story(house):
        hanako, taro = await two(house)
        code = await opens(hanako)
        for n in range(6):
            await taro.open("/proxies/enter")
            await taro.send("/proxies/enter", code="22222-22222" if n < 5 else code)
        assert "too-many" in taro.page
        house.clock.advance(timedelta(minutes=1))
        await joins(taro, code)
        assert "代理を始めました" in taro.page

    at_portal(story)


@pytest.mark.parametrize("who", ["principal", "proxy"])
def test_either_ends_it_at_any_time_and_both_are_told(at_portal, who):
    async def story(house):
        hanako, taro = await both(house)
        await acts(taro)
        ends, other = (hanako, taro) if who == "principal" else (taro, hanako)
        await ends.open("/proxies")
        await press(ends, "/proxies/end", part=PARTS.findall(ends.page)[0])
        assert "代理を終わらせました" in ends.page
        assert "あなたが終わらせました" in ends.page
        await other.open("/proxies")
        assert "代理が終わりました：" in other.page
        assert "相手が終わらせました" in other.page
        assert PARTS.findall(other.page) == []
        assert [one["ended"] for one in house.ledger.delegations.given.values()] == [True]
        await taro.open("/acting")
        assert "照会しました" not in taro.page

    at_portal(story)


def test_an_end_holds_here_at_once_though_the_ledger_is_silent_and_is_told_there_later(at_portal):
    async def story(house):
        hanako, taro = await both(house)
        house.ledger.delegations.down = True
        await hanako.open("/proxies")
        await press(hanako, "/proxies/end", part=PARTS.findall(hanako.page)[0])
        await acts_refused(taro)
        assert [one["ended"] for one in house.ledger.delegations.given.values()] == [False]
        house.ledger.delegations.down = False
        await proxies_checking.look_after(house.portal)
        assert [one["ended"] for one in house.ledger.delegations.given.values()] == [True]
        assert await house.value("SELECT ledger_told FROM proxy_delegation")

    at_portal(story)


def test_after_its_last_day_it_is_over_for_both(at_portal):
    async def story(house):
        await both(house, days="7")
        house.clock.advance(timedelta(days=7))
        await proxies_checking.look_after(house.portal)
        hanako, taro = await two(house)
        await acts_still(taro)
        house.clock.advance(timedelta(days=1))
        await proxies_checking.look_after(house.portal)
        hanako, taro = await two(house)
        for one in (hanako, taro):
            await one.open("/proxies")
            assert "期限が来ました" in one.page
        await acts_refused(taro)

    at_portal(story)


def test_nobody_acts_ends_or_restores_by_a_part_that_is_not_hers(at_portal):
    async def story(house):
        hanako, taro = await both(house)
        await taro.open("/proxies")
        [theirs, *_] = PARTS.findall(taro.page)
        await hanako.open("/proxies")
        [mine] = PARTS.findall(hanako.page)
        for path in ("/acting/begin", "/proxies/end", "/proxies/restore"):
            for part in (theirs, "", "x" * 5_000):
                await hanako.open("/proxies")
                await press(hanako, path, part=part)
                assert "not-found" in hanako.page, (path, part)
        await hanako.open("/proxies")
        await press(hanako, "/acting/begin", part=mine)
        assert "not-found" in hanako.page, "she does not act for herself"
        assert house.ledger.delegations.acts == []

    at_portal(story)


def test_a_dump_does_not_tell_who_acts_for_whom_or_what_they_call_each_other(at_portal, postgres):
    async def story(house):
        _, taro = await both(house)
        await acts(taro)
        dump = postgres.dump(house.name)
        [secret] = house.ledger.delegations.given
        for words in ("妹".encode(), "姉".encode(), secret.encode(), b"records"):
            assert words not in dump.replace(b"last_look", b""), words
        [delegation] = (await house.rows("SELECT delegation FROM proxy_delegation"))[0]
        assert dump.count(delegation.encode()) == 1
        parts = await house.rows("SELECT part, account FROM proxy_part")
        assert len({account for _, account in parts}) == 2
        for part, _ in parts:
            assert dump.count(part.encode()) == 1

    at_portal(story)


def test_it_is_forgotten_a_year_after_its_last_day_and_what_was_told_of_it_sooner(at_portal):
    async def story(house):
        hanako, _ = await both(house, days="7")
        await hanako.open("/proxies")
        await press(hanako, "/proxies/end", part=PARTS.findall(hanako.page)[0])
        counts = "SELECT (SELECT count(*) FROM proxy_word), (SELECT count(*) FROM proxy_part)"
        for days, left in ((1, (4, 2)), (130, (0, 2)), (300, (0, 0))):
            house.clock.advance(timedelta(days=days))
            await tidy(house.portal)
            assert await house.rows(counts) == [left], days
        assert await house.value("SELECT count(*) FROM proxy_delegation") == 0

    at_portal(story)


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"purpose": ""}, "purpose"), ({"days": "9999"}, "days"), ({"label": ""}, "label")],
)
def test_what_is_missing_is_told_at_its_field(at_portal, fields, field):
    async def story(house):
        hanako = house.person()
        await hanako.log_in()
        await hanako.open("/proxies/give")
        await press(hanako, "/proxies/give", **(RECORDS | fields))
        assert hanako.status == 422
        assert f'href="#{field}"' in hanako.page

    at_portal(story)


def test_a_refusal_of_delegations_says_what_to_do_in_both_languages(at_portal):
    async def story(house):
        hanako = house.person()
        await hanako.log_in()
        for language in ("ja", "en"):
            for refusal in Refusal.__subclasses__():
                if refusal.__module__.endswith("portal.domain.refusals"):
                    said = house.room.site.front.told(refusal(), language)
                    assert said.code == refusal.code
                    assert said.next, (refusal.code, language)

    at_portal(story)
