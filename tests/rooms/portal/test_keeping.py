"""What she can take away: everything that is shown to her, in one file by a schema, and each list by itself."""

import csv
import io
from datetime import date, timedelta
from typing import Any

import jsonschema_rs
import msgspec
import pypdfium2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from kumihimo.rooms.portal.everything import Everything
from kumihimo.rooms.register.api import OfficeAsked
from tests.rooms.portal.delegating import acts, both, press, signs
from tests.rooms.portal.ledger import claim_of, held, notice_of, record

KINDS = ("csv", "pdf")
LISTS = ("mine", "notices", "questions", "proxies", "offices")
TAX = held(total_income=3_210_000, dependants=2)
ANSWER = "児童手当の審査です"
WORDS = {
    "mine": ("合計所得金額", "3,210,000", "大阪府大阪市", "確認中のため、表示を止めています"),
    "notices": ("児童手当の現況届（1）", "東京都港区", "2026-06-30", "未読"),
    "questions": ("何に使いましたか", "質問", "東京都港区", ANSWER, "2026-06-20"),
    "proxies": ("妹", "だれが情報を見たかを見る", "有効"),
    "offices": ("日本年金機構", "答えなかった", "2026-04-01"),
}


async def much(house):
    """Let Hanako have something in each list; returns her browser."""
    house.holders.offices["hanako"] = (
        OfficeAsked(office="nenkin", affair="b037", on=date(2026, 4, 1), answered=False),
    )
    house.ledger.notices["hanako"] = (notice_of(1), notice_of(2, title="=1+1"))
    house.ledger.holds["hanako"] = {"local-tax": (TAX, held("lg-131032"))}
    hanako, taro = await both(house)
    await acts(taro)
    house.clock.advance(timedelta(seconds=1))
    await hanako.open("/mine")
    await hanako.send("/mine", information="local-tax")
    await hanako.open("/looked")
    await press(hanako, "/looked/ask", record=record(1).record)
    await hanako.send("/ask", kind="question", text="何に使いましたか")
    await signs(hanako)
    [told] = house.ledger.told
    house.ledger.claims["hanako"][told.claim] = claim_of(
        told,
        state="answered",
        decision="answered",
        answered_on=date(2026, 6, 20),
        answer=ANSWER,
    )
    return hanako


async def everything(person):
    await person.open("/keep/json")
    assert person.status == 200, person.page
    return msgspec.json.decode(person.answer.content, type=Everything)


def test_everything_that_is_shown_to_her_is_in_one_file_that_its_schema_describes(at_portal):
    async def story(house):
        hanako = await much(house)
        found = await everything(hanako)
        content = msgspec.json.decode(hanako.answer.content)
        await hanako.open("/keep/schema")
        schema = msgspec.json.decode(hanako.answer.content)
        jsonschema_rs.validate(schema, content)
        for name in schema["$defs"]["Everything"]["required"]:
            with pytest.raises(jsonschema_rs.ValidationError):
                jsonschema_rs.validate(schema, {k: v for k, v in content.items() if k != name})
        assert [one.requester_name for one in found.records] == ["東京都港区"]
        assert [one.proxy for one in found.proxies] == ["妹"]
        assert [(one.office_name, one.answered) for one in found.register] == [
            ("日本年金機構", False)
        ]
        assert [(one.item_name, one.value, one.checking) for one in found.own] == [
            ("合計所得金額", 3_210_000, False),
            ("扶養人数", 2, False),
            ("", None, True),
        ]
        assert [(one.title, one.mark) for one in found.notices] == [
            ("児童手当の現況届（1）", "new"),
            ("=1+1", "new"),
        ]
        [said] = found.said
        assert (said.text, said.state, said.answer) == ("何に使いましたか", "answered", ANSWER)
        [given] = found.delegations
        assert (given.side, given.label, given.state) == ("principal", "妹", "active")
        assert (found.notice_of_each_look, found.mail) == (True, "")

    at_portal(story)


def test_what_her_card_signed_is_in_it_for_anybody_to_check(at_portal):
    async def story(house):
        [said] = (await everything(await much(house))).said
        public: Any = x509.load_der_x509_certificate(said.signed.certificate).public_key()
        public.verify(said.signed.signature, said.signed.text.encode(), PKCS1v15(), SHA256())
        assert "何に使いましたか" in said.signed.text

    at_portal(story)


def test_another_persons_file_holds_nothing_of_hers_but_that_he_read_for_her(at_portal):
    async def story(house):
        await much(house)
        house.clock.advance(timedelta(seconds=1))
        taro = house.person()
        await taro.log_in("Taro")
        found = await everything(taro)
        for name in ("records", "proxies", "register", "own", "notices", "said"):
            assert getattr(found, name) == (), name
        assert [(one.side, one.label) for one in found.delegations] == [("proxy", "姉")]
        assert [one.label for one in found.read_for_others] == ["姉"]

    at_portal(story)


def test_a_stranger_takes_nothing_away_and_who_must_show_her_card_again_gets_no_half_of_it(
    at_portal,
):
    async def story(house):
        stranger = house.person()
        files = ["/keep/json", *(f"/keep/{name}/{kind}" for name in LISTS for kind in KINDS)]
        for path in files:
            await stranger.open(path)
            assert stranger.at == "/sign-in", path
        hanako = await much(house)
        await hanako.log_in()  # what her card signs opens the ledger anew, too: not this time
        for _ in range(2):
            house.clock.advance(timedelta(minutes=8))
            await hanako.open("/keep")
        for path in files:
            await hanako.open(path)
            needs_the_ledger = not path.startswith("/keep/proxies")
            assert (hanako.status == 403) == needs_the_ledger, path

    at_portal(story)


@pytest.mark.parametrize("name", LISTS)
def test_each_list_is_a_table_for_a_spreadsheet_and_a_paper_that_can_be_read_aloud(at_portal, name):
    async def story(house):
        hanako = await much(house)
        await hanako.open(f"/keep/{name}/csv")
        rows = list(csv.reader(io.StringIO(hanako.answer.content.decode("utf-8-sig"))))
        told = "\n".join("\n".join(row) for row in rows)
        for words in WORDS[name]:
            assert words in told, words
        assert {len(row) for row in rows} == {len(rows[0])}
        assert not [cell for row in rows for cell in row if cell.startswith("=")]
        await hanako.open(f"/keep/{name}/pdf")
        content = hanako.answer.content
        assert b"<pdfuaid:part>1</pdfuaid:part>" in content, "PDF/UA says that it is"
        paper = "".join(
            page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(content)
        )
        paper = "".join(paper.split())
        for words in WORDS[name]:
            assert "".join(words.split()) in paper, words

    at_portal(story)


def test_each_file_is_one_press_from_the_page_of_files_and_two_from_where_its_list_stands(
    at_portal,
):
    async def story(house):
        hanako = await much(house)
        for page in (
            "/",
            "/mine",
            "/notices",
            "/questions",
            "/proxies",
            "/looked/offices",
            "/looked",
        ):
            await hanako.open(page)
            assert 'href="/keep"' in hanako.page, page
        await hanako.open("/keep")
        for path in ("/keep/json", "/keep/schema", "/looked/csv", "/looked/pdf"):
            assert f'href="{path}"' in hanako.page
        for path in (f"/keep/{name}/{kind}" for name in LISTS for kind in KINDS):
            assert f'href="{path}"' in hanako.page

    at_portal(story)


def test_a_list_of_nothing_says_so_on_paper_too(at_portal):
    async def story(house):
        hanako = house.person()
        await hanako.log_in()
        await hanako.open("/keep/notices/pdf")
        text = pypdfium2.PdfDocument(hanako.answer.content)[0].get_textpage().get_text_range()
        assert "ありません" in text

    at_portal(story)
