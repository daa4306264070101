"""How she is told, in Chromium: with and without script, in English and in やさしい日本語."""

import re

import attrs
import pytest

from tests.browser.citizen import at_portal, log_in, portal
from tests.browser.looks import faults, refused
from tests.rooms.portal.house import PIN


@attrs.frozen
class Words:
    """What stands on the buttons and fields of the way, in one language."""

    language: str
    address: str
    ask: str
    pin: str
    sign: str
    back: str
    on: str
    code: str
    confirm: str
    good: str
    stop: str
    stopped: str


ENGLISH = Words(
    "English", "E-mail address", "Confirm with your card", "PIN", "Sign", "Back to the portal",
    "Go on", "Code", "Confirm the address", "Your address is confirmed",
    "Stop mail, and forget the address", "No more mail, and the address is gone",
)  # fmt: skip
PLAIN = Words(
    "やさしい日本語", "メールアドレス", "カードで たしかめる", "あんしょうばんごう", "サインする",
    "サイトに もどる", "すすむ", "メールで きた ばんごう", "たしかめる",
    "メールの あてさきを たしかめました", "メールを やめる", "メールを やめました",
)  # fmt: skip


@pytest.mark.parametrize("script", [False, True], ids=["no-script", "script"])
@pytest.mark.parametrize("words", [ENGLISH, PLAIN], ids=["en", "plain"])
def test_she_gives_an_address_types_the_code_and_takes_it_back(
    chromium, loop, new_room, words, script
):
    async def story():
        found = {}
        async with portal(new_room) as place, chromium.person(place, script=script) as page:
            await log_in(page)
            await page.goto("/wishes")
            await page.get_by_role("button", name=words.language).click()
            async for name in with_mail(page, place, words):
                # The engines are scripts that wait, which a page without script lets nobody do.
                found[name] = await (faults if script else refused)(page, name)
                found[name] += (kanji if words is PLAIN else japanese)(await said(page))
            mails = place.house.mailer.mails
            return found, len(mails), await page.locator("main").inner_text()

    found, mails, text = loop.run(story())
    assert {name: faulty for name, faulty in found.items() if faulty} == {}
    assert len(found) == 5
    assert mails == 1
    assert words.stopped in text
    assert "hanako@mail.example" not in text


async def with_mail(page, place, words):
    """Go through giving an address and taking it back; yields the name of each page that is open."""
    yield "wishes"
    await page.get_by_label(words.address).fill("hanako")
    await page.get_by_role("button", name=words.ask).click()
    yield "wishes-problem"
    await page.get_by_label(words.address).fill("hanako@mail.example")
    await page.get_by_role("button", name=words.ask).click()
    await page.get_by_label(words.pin).fill(PIN)
    await page.get_by_role("button", name=words.sign).click()
    await page.get_by_role("button", name=words.back).click()
    await page.get_by_role("button", name=words.on).click()
    yield "wishes-code"
    await page.get_by_label(words.code).fill(await place.code())
    await page.get_by_role("button", name=words.confirm, exact=True).click()
    assert words.good in await page.locator("main").inner_text()
    yield "wishes-good"
    await page.get_by_role("button", name=words.stop).click()
    yield "wishes-stopped"


PATHS = (
    "/", "/notices", "/wishes", "/mine", "/wrong", "/looked", "/looked/offices", "/ask", "/questions",
    "/proxies", "/proxies/give", "/proxies/ask", "/proxies/enter", "/act", "/keep", "/help", "/feedback",
)  # fmt: skip
# What institutions and she herself wrote is shown as it was written, and the names of municipalities
# are: of their readings in letters nothing is official here.
THEIRS = ("東京都港区", "大阪府大阪市", "固定資産税の納付", "健康診断のご案内", "児童手当の現況届", "福祉課・受給資格の審査", "（児童手当）",
          "児童手当の何に使いましたか")  # fmt: skip


@pytest.mark.parametrize("language", ["English", "やさしい日本語"])
def test_every_page_is_sound_in_the_other_languages_and_speaks_them(
    chromium, loop, new_room, language
):
    async def story():
        found = {}
        async with portal(new_room) as place, chromium.person(place, script=True) as page:
            async for _ in at_portal(page, place):
                pass
            await page.goto("/")
            await page.get_by_role("button", name=language).click()
            for path in PATHS:
                await page.goto(path)
                for closed in await page.locator("summary").all():
                    await closed.click()
                found[path] = await faults(page, path)
                strange = japanese if language == "English" else kanji
                found[path] += strange(await said(page))
        return found

    assert {path: faulty for path, faulty in loop.run(story()).items() if faulty} == {}


async def said(page):
    """Return what stands on a page but the choice of languages."""
    await page.evaluate("() => document.querySelector('.kh-top__side')?.remove()")
    return await page.locator("body").inner_text()


def japanese(text):
    """Return what is Japanese in a text that should not be."""
    for theirs in THEIRS:
        text = text.replace(theirs, "")
    return re.findall("[^\\n]*[\u3040-\u30ff\u4e00-\u9fff][^\\n]*", text)


def kanji(text):
    """Return what is in kanji in easy words. Bodies and clauses of the law stand by their names."""
    for theirs in (*THEIRS, "日本年金機構"):
        text = text.replace(theirs, "")
    ours = re.sub("(番号法|旧別表)[^、\\n]*", "", text)
    return re.findall("[^\\n]*(?!見)[\u4e00-\u9fff々][^\\n]*", ours)


def test_kanji_on_a_page_in_easy_words_would_be_found():
    assert kanji("どの じょうほう：児童手当\nあなたが 見た") == ["どの じょうほう：児童手当"]
    assert kanji("ほうりつ\n番号法第9条、番号法 別表の項\n東京都港区 が 見ました") == []


def test_japanese_on_an_english_page_would_be_found():
    assert japanese("Items: 児童手当\nFor: x") == ["Items: 児童手当"]
    assert japanese("For: child allowance") == []
