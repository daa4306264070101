"""Who looked: what she reads, in which words, and what she can ask about it."""

import csv
import io
import re
from datetime import date, timedelta

import msgspec
import pypdfium2
import pytest

from kumihimo.rooms.portal import questions, wording
from kumihimo.rooms.portal.exporting import Export
from kumihimo.rooms.register.api import OfficeAsked
from kumihimo.statute.law import affairs, informations, old_entries, self_information
from kumihimo.statute.layouts import layouts
from tests.nowhere import nowhere, nowhere_by_itself
from tests.rooms.cards.forms import form_of
from tests.rooms.ledger.domain.made import Maker, written
from tests.rooms.portal.house import PIN, PORTAL
from tests.rooms.portal.ledger import record, refused


async def reads(house, *records, **how):
    house.ledger.records["hanako"] = list(records)
    hanako = house.person(**how)
    await hanako.log_in()
    await hanako.open("/looked")
    return hanako


def test_she_reads_who_asked_whom_for_what_by_which_law_and_with_what_result(at_portal):
    async def story(house):
        hanako = await reads(house, record(1), refused(2, requester="nenkin", affair="b037"))
        assert hanako.status == 200
        for words in (
            "東京都港区が、大阪府大阪市に照会しました",
            "児童手当",
            "住民税（所得など）：合計所得金額",
            "情報が渡されました",
            "番号法第19条第8号",
            "番号法 別表 2025-09 81の項",
            "日本年金機構が、大阪府大阪市に照会しました",
            "断られました：この情報は得られない",
            "2026-05-30 12:00",
        ):
            assert words in hanako.page, words
        await hanako.send("/language", language="en")
        await hanako.open("/looked")
        for words in ("child allowance", "Japan Pension Service asked", "local tax and income"):
            assert words in hanako.page, words
        await hanako.send("/language", language="easy")
        await hanako.open("/looked")
        assert "じどう てあて" in hanako.page

    at_portal(story)


def test_she_reads_what_staff_looked_at_inside_an_institution_and_from_which_office(at_portal):
    async def story(house):
        inside = {"provider": "lg-131032", "provided_at": None, "outcome": "LOOKED", "basis": ()}
        told = record(1, items=("kept.cases",), office="子育て支援課", role="窓口", **inside)
        hanako = await reads(house, told, record(2, affair="", items=("local-tax",), **inside))
        for words in (
            "東京都港区の職員が、持っている記録を見ました",
            "部署・職：子育て支援課・窓口",
            "部署・職：伝えられていません",
            "手続：伝えられていません",
            "機関が持つあなたの記録：あなたの事案",
            "機関の中",
            "番号法第9条、番号法 別表 2025-09 81の項",
        ):
            assert words in hanako.page, words
        assert "番号法第19条第8号" not in hanako.page
        assert "照会しました" not in hanako.page
        await hanako.open("/looked/json")
        one, two = msgspec.json.decode(hanako.answer.content, type=Export).records
        assert (one.channel, one.office, one.role) == ("inside", "子育て支援課", "窓口")
        assert (two.affair, two.office, two.law) == ("", "", ())
        await hanako.open("/looked/csv")
        rows = list(csv.reader(io.StringIO(hanako.answer.content.decode("utf-8-sig"))))
        assert rows[1][-1] == "子育て支援課・窓口"
        await hanako.open("/looked/pdf")
        text = pypdfium2.PdfDocument(hanako.answer.content)[0].get_textpage().get_text_range()
        assert "東京都港区（子育て支援課・窓口）" in "".join(text.split())

    at_portal(story)


def test_another_person_reads_nothing_of_hers_and_a_stranger_nothing_at_all(at_portal):
    async def story(house):
        await reads(house, record(1))
        taro = house.person()
        await taro.log_in("Taro")
        await taro.open("/looked")
        assert "記録はありません" in taro.page
        stranger = house.person()
        for path in ("/looked", "/looked/offices", "/looked/json", "/looked/csv", "/questions"):
            await stranger.open(path)
            assert stranger.at == "/sign-in", path

    at_portal(story)


def test_a_ticket_that_is_not_ready_yet_is_waited_for(at_portal):
    async def story(house):
        house.ledger.waits = 3
        hanako = await reads(house, record(1))
        assert "東京都港区" in hanako.page
        house.ledger.waits = 50
        taro = house.person()
        await taro.log_in("Taro")
        await taro.open("/looked")
        assert taro.status == 503
        house.ledger.waits = 0
        await taro.open("/looked")
        assert taro.status == 200

    at_portal(story)


def test_the_records_need_a_fresh_card_after_a_quarter_of_an_hour(at_portal):
    async def story(house):
        hanako = await reads(house, record(1))
        house.clock.advance(timedelta(minutes=8))
        await hanako.open("/")
        house.clock.advance(timedelta(minutes=8))
        await hanako.open("/looked")
        assert hanako.status == 403
        assert "fresh-card-needed" in hanako.page
        await hanako.send("/sign-in/card")
        await hanako.sign()
        await hanako.open("/looked")
        assert "東京都港区" in hanako.page

    at_portal(story)


def test_what_she_reads_is_stored_nowhere_at_the_portal(at_portal):
    async def story(house):
        hanako = await reads(house, record(1))
        assert "東京都港区" in hanako.page
        tables = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname NOT LIKE 'pg_%%'"
        for (name,) in await house.rows(tables + " AND relname NOT LIKE 'sql_%%'"):
            if name == "migration":
                continue
            for row in await house.rows(f"SELECT t.*::text FROM {name} t"):
                assert nowhere("lg-131032", str(row))
                assert nowhere(b"lg-131032".hex(), str(row))
                assert nowhere_by_itself("b081", str(row))

    at_portal(story)


def test_older_entries_and_filters_come_without_anything_in_the_address(at_portal):
    async def story(house):
        many = [record(n, requester="nenkin" if n % 2 else "lg-131032") for n in range(1, 46)]
        hanako = await reads(house, *many)
        assert hanako.page.count('class="kh-entry"') == 20
        cursor = form_of(hanako.page.partition("kh-pages")[2], "/looked")
        await hanako.post("/looked", cursor.values | {"cursor": ["20"]})
        assert hanako.at == "/looked"
        assert not hanako.answer.request.url.query
        assert hanako.page.count('class="kh-entry"') == 20
        sent = {"form_token": cursor.values["form_token"], "requester": ["nenkin"]}
        await hanako.post("/looked", sent | {"since": ["2026-05-20"], "until": ["2026-05-25"]})
        assert hanako.page.count('class="kh-entry"') == 3
        await hanako.post("/looked", sent | {"since": ["soon"]})
        assert hanako.status == 422

    at_portal(story)


def test_she_takes_her_records_with_her_as_json_csv_and_pdf(at_portal):
    async def story(house):
        many = [record(n, number=1000 - n if n > 1 else None) for n in range(1, 231)]
        hanako = await reads(house, refused(0, requester="=1+1"), *many)
        await hanako.open("/looked/json")
        found = msgspec.json.decode(hanako.answer.content, type=Export)
        assert len(found.records) == 231
        assert found.records[1].requester_name == "東京都港区"
        assert [one.number for one in found.records[1:3]] == [None, 998]
        assert found.records[1].law[0] == "番号法第19条第8号"
        await hanako.open("/looked/schema")
        schema = msgspec.json.decode(hanako.answer.content)
        needed = set(schema["$defs"]["ExportedRecord"]["required"])
        assert needed == set(msgspec.to_builtins(found.records[0]))
        await hanako.open("/looked/csv")
        rows = list(csv.reader(io.StringIO(hanako.answer.content.decode("utf-8-sig"))))
        assert len(rows) == 232
        assert rows[1][1] == "'=1+1"
        assert rows[2][1:4] == ["東京都港区", "大阪府大阪市", "児童手当"]
        assert [(one[8], one[9]) for one in rows[:4:3]] == [
            ("番号", "記録番号"),
            ("998", record(2).record),
        ]
        await hanako.open("/looked/pdf")
        text = pypdfium2.PdfDocument(hanako.answer.content)[0].get_textpage().get_text_range()
        assert "児童手当" in text
        assert "998" in text
        assert b"<pdfuaid:part>1</pdfuaid:part>" in hanako.answer.content, "PDF/UA says that it is"

    at_portal(story)


def test_she_is_told_that_no_number_is_missing_and_takes_the_proof_away(at_portal):
    async def story(house):
        file = written(Maker().history([]))
        house.ledger.histories["hanako"] = file
        hanako = await reads(
            house, record(3, number=None), record(2, number=2), record(1, number=1)
        )
        assert "この一覧は、1番から2番まで欠けていません" in hanako.page
        assert hanako.page.count("番</span>") == 2
        await hanako.send("/looked", outcome="OK")
        assert "欠けていません" not in hanako.page, (
            "of a list that is narrowed down nothing is said"
        )
        await hanako.open("/looked/proof")
        assert hanako.answer.content == file  # the ledger's signature is over every byte
        await hanako.open("/looked/proof-schema")
        schema = msgspec.json.decode(hanako.answer.content)
        assert set(schema["$defs"]["History"]["required"]) == set(msgspec.json.decode(file))
        taro = house.person()
        await taro.log_in("Taro")
        await taro.open("/looked")
        assert "欠けていません" not in taro.page

    at_portal(story)


def test_she_reads_which_offices_asked_register_for_her_number(at_portal):
    async def story(house):
        asked = OfficeAsked(office="lg-131032", affair="b081", on=date(2026, 5, 1), answered=True)
        house.holders.offices["hanako"] = (asked,)
        hanako = await reads(house)
        await hanako.open("/looked/offices")
        for words in ("2026-05-01", "東京都港区", "児童手当", "答えた"):
            assert words in hanako.page

    at_portal(story)


async def asks(person, kind="question", text="何に使いましたか"):
    record_id = form_of(person.page, "/looked/ask").offered["record"].pop()
    await person.send("/looked/ask", record=record_id)
    assert person.at == "/ask"
    return await person.send("/ask", kind=kind, text=text)


@pytest.mark.parametrize(
    ("kind", "to"),
    [("question", "lg-131032"), ("objection", "oversight"), ("not-mine", "lg-271004")],
)
def test_a_question_is_signed_by_the_card_over_its_text_and_kept_with_a_day(at_portal, kind, to):
    async def story(house):
        hanako = await reads(house, record(1))
        await asks(hanako, kind)
        assert "  何に使いましたか" in hanako.page
        assert await house.value("SELECT count(*) FROM question") == 0
        await hanako.sign()
        await hanako.send("/act/finish")
        assert "受け付けました" in hanako.page
        assert "2026-07-01" in hanako.page
        [[kept_kind, addressee]] = await house.rows("SELECT kind, addressee FROM question")
        assert (kept_kind, addressee) == (kind, to)
        signed = house.holders.asked[-1].decode()
        assert "  何に使いましたか" in signed
        [one] = await questions.listed(
            house.portal, await house.value("SELECT account FROM account")
        )
        assert one.asked.text == "何に使いましたか"

    at_portal(story)


def test_a_question_that_another_persons_card_signs_is_not_asked(at_portal):
    """2023: who left her session open at a shared terminal was written to by the next person."""

    async def story(house):
        hanako = await reads(house, record(1))
        await asks(hanako)
        hanako.tray.put_in("Taro")
        await hanako.sign()
        await hanako.send("/act/finish")
        assert "other-person" in hanako.page
        assert "何も書き込んでいません" in hanako.page
        assert await house.value("SELECT count(*) FROM question") == 0
        assert await house.value("SELECT count(*) FROM journal WHERE act = 'subject-mismatch'") == 1

    at_portal(story)


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"text": "何に"}, "kind"),
        ({"kind": "question", "text": ""}, "text"),
        ({"kind": "question", "text": "長" * 1001}, "text"),
    ],
)
def test_a_question_that_lacks_something_is_told_at_its_field(at_portal, sent, field):
    async def story(house):
        hanako = await reads(house, record(1))
        record_id = form_of(hanako.page, "/looked/ask").offered["record"].pop()
        await hanako.send("/looked/ask", record=record_id)
        token = form_of(hanako.page, "/ask").values["form_token"]
        await hanako.post("/ask", {"form_token": token} | {k: [v] for k, v in sent.items()})
        assert hanako.status == 422
        assert f'href="#{field}"' in hanako.page
        assert f'id="{field}"' in hanako.page

    at_portal(story)


def test_nobody_asks_about_a_record_that_is_not_hers(at_portal):
    async def story(house):
        house.ledger.records["taro"] = [record(7)]
        hanako = await reads(house, record(1))
        token = form_of(hanako.page, "/looked/ask").values["form_token"]
        await hanako.post("/looked/ask", {"form_token": token, "record": [record(7).record]})
        assert hanako.status == 422
        assert "not-found" in hanako.page

    at_portal(story)


def test_at_a_shared_terminal_the_session_ends_with_the_card(at_portal):
    async def story(house):
        hanako = await reads(house, record(1), shared=True)
        assert "共用の端末" not in hanako.page
        await hanako.open("/")
        assert "カードを抜くと終わります" in hanako.page
        hanako.tray.put_in("")
        for _ in range(60):
            await hanako.house.breathe()
            await hanako.open("/looked")
            if hanako.at == "/sign-in":
                break
        assert hanako.at == "/sign-in"
        assert "東京都港区" not in hanako.page

    at_portal(story)


def test_a_shared_terminal_that_falls_silent_is_not_believed_for_long(at_portal):
    async def story(house):
        hanako = await reads(house, record(1), shared=True)
        hanako.helper.watch.stop()
        house.clock.advance(timedelta(seconds=19))
        await hanako.open("/looked")
        assert hanako.at == "/looked"
        house.clock.advance(timedelta(seconds=2))
        await hanako.open("/looked")
        assert hanako.at == "/sign-in"

    at_portal(story)


def test_a_page_is_not_shown_again_from_the_browsers_store(at_portal):
    async def story(house):
        hanako = await reads(house, record(1))
        assert hanako.answer.headers["cache-control"] == "no-store"
        await hanako.send("/sign-out")
        await hanako.open("/looked")
        assert hanako.at == "/sign-in"

    at_portal(story)


def test_every_affair_item_and_outcome_has_words_in_three_languages():
    for affair in affairs():
        words = wording.affair(affair.affair)
        assert words.japanese
        assert words.english
        assert len(words.japanese) < 200
    for information in informations():
        assert wording.item(information).english
    for layout in layouts().values():
        for field in layout.fields:
            words = wording.item(field.item)
            assert field.item not in words.english
            assert all(words.say(one) for one in ("ja", "easy", "en"))


def test_what_a_card_signed_can_be_checked_by_anybody_who_has_the_question(at_portal):
    async def story(house):
        hanako = await reads(house, record(1))
        await asks(hanako)
        await hanako.send_helper("/sign", pin=PIN)
        data = form_of(hanako.page, f"{PORTAL}/card/answers").values
        await hanako.post("/card/answers", data)
        await hanako.send("/act/finish")
        [[question, locked]] = await house.rows("SELECT question, evidence_locked FROM question")
        label = b"question" + question.encode()
        evidence = msgspec.json.decode(house.portal.locker.unlock(bytes(locked), label=label))
        assert evidence["text"].split("\n")[1] == f"ポータル portal: {PORTAL}"
        assert evidence["signature"] == data["signature"][0]

    at_portal(story)


def test_every_clause_that_a_record_may_rest_on_is_told_in_english_too():
    entries = [one.entry for one in (*old_entries(), self_information())]
    for inside in (False, True):
        told = [
            wording.law_of(one.affair, tuple(entries), inside=inside, language="en")
            for one in affairs()
        ]
        assert [one for laws in told for one in laws if re.search("[\u3040-\u9fff]", one)] == []
    japanese = wording.law_of("b081", ("old2-100",), inside=False)
    assert japanese[:2] == ("番号法第19条第8号", "番号法 別表 2025-09 81の項")
    english = wording.law_of("b081", ("old2-100",), inside=False, language="en")
    assert english[1] == "Number Act, appended table of 2025-09, row 81"
