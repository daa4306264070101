"""Help stands at the same place of every page, names who answers, and nothing ends without a way on."""

import re

import msgspec
import pytest

from kumihimo.kernel.clock import SystemClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import new_master, save_master
from kumihimo.kernel.settings import BadSettings
from kumihimo.pages.engine import LANGUAGES
from kumihimo.rooms.portal.context import Contact
from kumihimo.rooms.portal.settings import Settings
from tests.rooms.portal.delegating import press
from tests.rooms.portal.house import PORTAL
from tests.rooms.portal.ledger import record
from tests.rooms.portal.test_weight import pages_of

FOOT = re.compile(r'</main>\s*<footer class="kh-foot">\s*<p><a href="/help">')
CONTACT = Contact(phone="0120-00-0000", hours="9:00-17:00", chat="https://chat.example/")
MAIN = re.compile(r"<main.*?</main>", re.DOTALL)


def lies(page):
    """Return how often help stands where it belongs: first below the content."""
    return len(FOOT.findall(page)), page.count('<footer class="kh-foot">')


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_has_help_at_the_same_place_also_one_of_an_error_and_a_strangers(
    at_portal, language
):
    async def story(house):
        object.__setattr__(house.portal, "contact", CONTACT)
        hanako, stranger = house.person(), house.person()
        house.ledger.records["hanako"] = [record(1)]
        await hanako.log_in()
        await hanako.open("/looked")
        await press(hanako, "/looked/ask", record=record(1).record)
        await press(hanako, "/language", language=language, back="/")
        paths = pages_of(house.room.app)
        assert "/help" in paths
        for person in (hanako, stranger):
            for path in (*paths, "/no-such-page"):
                await person.open(path)
                assert lies(person.page) == (1, 1), (path, person.at)
                assert 'href="tel:0120-00-0000">0120-00-0000</a>（9:00-17:00）' in person.page
                assert 'href="https://chat.example/"' in person.page

    at_portal(story)


def test_help_is_there_before_somebody_can_come_in_and_names_a_counter_a_phone_and_a_chat(
    at_portal,
):
    async def story(house):
        stranger = house.person()
        await stranger.open("/help")
        assert stranger.at == "/help"
        assert "市区町村" in stranger.page
        assert "tel:" not in stranger.page, "no number is made up where the operator gave none"
        assert "チャット" not in stranger.page
        object.__setattr__(house.portal, "contact", CONTACT)
        await stranger.open("/help")
        [main] = MAIN.findall(stranger.page)
        for words in ("tel:0120-00-0000", "9:00-17:00", "https://chat.example/"):
            assert words in main

    at_portal(story)


def test_a_list_of_nothing_says_what_comes_there_and_leads_on(at_portal):
    async def story(house):
        hanako = house.person()
        await hanako.log_in()
        for path, words, ways in (
            ("/looked", "機関があなたの情報を照会すると", ("/looked/offices",)),
            ("/looked/offices", "あなたの番号を調べた機関はありません", ("/looked", "/help")),
            ("/notices", "機関が送ると、ここに出ます", ("/wishes",)),
            ("/questions", "まだありません", ("/looked", "/mine")),
            ("/proxies", "ありません", ("/proxies/give", "/proxies/ask")),
            ("/act", "いま待っているものはありません", ("/",)),
        ):
            await hanako.open(path)
            [main] = MAIN.findall(hanako.page)
            assert words in main, path
            for way in ways:
                assert f'href="{way}"' in main, (path, way)
        await hanako.open("/mine")
        await hanako.send("/mine", information="local-tax")
        [main] = MAIN.findall(hanako.page)
        assert "手続をした機関の窓口に聞いてください" in main
        assert 'href="/help"' in main

    at_portal(story)


@pytest.mark.parametrize(
    ("key", "value"),
    [("help_phone", "call me"), ("help_phone", "+"), ("help_chat", "javascript:alert(1)")],
)
def test_what_is_no_telephone_and_no_address_does_not_get_onto_the_pages(tmp_path, key, value):
    save_master(tmp_path / "a.key", new_master(SystemEntropy()))
    (tmp_path / "secret").touch(mode=0o600)
    (tmp_path / "secret").write_text("host=127.0.0.1 port=1 dbname=none")
    given = {
        "database": {"file": "secret"},
        "key": "a.key",
        "origin": "https://portal.example",
        "jpki": "https://jpki.example",
        "jpki_token": {"file": "secret"},
        "ledger": "https://ledger.example",
    }

    def contact(**more):
        settings = msgspec.convert(given | more, Settings)
        portal = settings.portal(
            beside=tmp_path / "x.toml", clock=SystemClock(), entropy=SystemEntropy()
        )
        return portal.contact

    assert contact(help_phone="0120-00-0000").phone == "0120-00-0000"
    assert contact() == Contact()
    with pytest.raises(BadSettings, match=key):
        contact(**{key: value})


@pytest.mark.parametrize(("language", "words"), [("ja", "困ったときは"), ("easy", "こまった とき")])
def test_beside_the_reader_help_leads_to_the_portal_also_from_an_error(at_portal, language, words):
    async def story(house):
        hanako = house.person()
        await hanako.begin()
        proof = hanako.answer.request.url.params["proof"]
        link = f'<footer class="kh-foot">\n  <p><a href="{PORTAL}/help">{words}'
        there = await hanako.beside.get(f"/?portal={PORTAL}&proof={proof}&lang={language}")
        gone = await hanako.beside.get(f"/?portal={PORTAL}&proof={'A' * 22}&lang={language}")
        nowhere = await hanako.beside.get(
            f"/?portal=http://evil.example&proof={proof}&lang={language}"
        )
        assert [one.status_code for one in (there, gone, nowhere)] == [200, 410, 403]
        for answer in (there, gone, nowhere):
            assert link in answer.text
        assert "evil.example/help" not in nowhere.text

    at_portal(story)


def test_who_signed_what_is_not_sent_yet_is_told_so(at_portal):
    async def story(house):
        house.ledger.records["hanako"] = [record(1)]
        hanako = house.person()
        await hanako.log_in()
        await hanako.open("/looked")
        await press(hanako, "/looked/ask", record=record(1).record)
        await hanako.send("/ask", kind="question", text="何に使いましたか")
        await hanako.sign()
        assert "まだ送っていません。「進む」を押すと、送ります。" in hanako.page
        await hanako.send("/act/finish")
        assert "まだ送っていません" not in hanako.page

    at_portal(story)
