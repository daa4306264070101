"""The portal in Chromium: journeys with and without script, and what holds of each of its pages."""

import pytest

from tests.browser.citizen import CARDS, at_portal, log_in, portal, sign
from tests.browser.looks import faults, refused, with_readings


def test_every_page_of_the_portal_is_sound(chromium, loop, new_room):
    async def story():
        found = {}
        async with portal(new_room) as address, chromium.person(address, script=True) as page:
            async for name in at_portal(page, address):
                found[name] = await faults(page, name)
        return found

    found = loop.run(story())
    assert len(found) == 38
    assert {name: faulty for name, faulty in found.items() if faulty} == {}


def test_without_script_every_page_is_reached_by_the_same_way_and_fits_with_furigana(
    chromium, loop, new_room
):
    async def story():
        found = {}
        async with portal(new_room) as address, chromium.person(address, script=False) as page:
            async for name in at_portal(page, address):
                found[name] = await refused(page, name) + await with_readings(page)
        return found

    found = loop.run(story())
    assert len(found) == 38
    assert {name: faulty for name, faulty in found.items() if faulty} == {}


def test_what_went_wrong_at_a_choice_takes_the_keyboard_there(chromium, loop, new_room):
    async def story():
        async with portal(new_room) as address, chromium.person(address) as page:
            await log_in(page)
            await page.goto("/mine")
            await page.get_by_role("button", name="機関に尋ねる").click()
            first = await page.locator(":focus").get_attribute("id")
            await page.get_by_role("link", name="見たい情報を、一つ選んでください。").press("Enter")
            await page.keyboard.press("Tab")
            return first, await page.locator(":focus").get_attribute("name")

    assert loop.run(story()) == ("errors", "information")


@pytest.mark.parametrize("script", [False, True], ids=["no-script", "script"])
def test_she_comes_in_and_sees_who_looked_in_four_steps(chromium, loop, new_room, script):
    async def story():
        async with portal(new_room) as address, chromium.person(address, script=script) as page:
            await log_in(page)
            await page.get_by_role("link", name="だれが私の情報を見たか").click()
            assert await page.get_by_role("listitem").filter(has_text="断られました").count()
            return await page.title(), await page.locator("main").inner_text(), page.url

    title, text, url = loop.run(story())
    assert title == "だれが見たか - Kumihimo"
    assert "東京都港区が、大阪府大阪市に照会しました" in text
    assert "手続：児童手当" in text
    assert url.endswith("/looked")


def test_in_english_and_in_plain_japanese_she_reads_the_same(chromium, loop, new_room):
    async def story():
        async with portal(new_room) as address, chromium.person(address) as page:
            await log_in(page)
            await page.goto("/looked")
            said = {}
            for button in ("English", "やさしい日本語"):
                await page.get_by_role("button", name=button).click()
                said[button] = await page.locator("main").inner_text()
            return said

    said = loop.run(story())
    assert "For: child allowance" in said["English"]
    assert "なんの ため：じどう てあて" in said["やさしい日本語"]


def test_after_signing_out_the_back_button_shows_nothing_of_hers(chromium, loop, new_room):
    async def story():
        async with portal(new_room) as address, chromium.person(address, script=True) as page:
            await log_in(page)
            await page.goto("/looked")
            await page.get_by_role("button", name="終了").click()
            await page.wait_for_url("**/sign-in")  # a click does not wait for where it leads
            await page.go_back()
            return page.url, await page.locator("main").inner_text()

    url, text = loop.run(story())
    assert url.endswith("/sign-in")
    assert "東京都港区" not in text


def test_a_phone_lets_the_screen_in(chromium, loop, new_room):
    async def story():
        async with (
            portal(new_room) as address,
            chromium.person(address) as screen,
            chromium.person(address) as phone,
        ):
            await screen.goto("/sign-in")
            await screen.get_by_role("button", name="スマートフォンで入る").click()
            digits = await screen.locator(".kh-digits").inner_text()
            await phone.goto(await screen.locator("a.kh-number").get_attribute("href"))
            await phone.get_by_label("確認番号").fill(digits)
            await phone.get_by_role("button", name="カードで確かめる").click()
            await sign(phone)
            assert "カードを確かめました" in await phone.locator("main").inner_text()
            await screen.get_by_role("button", name="進む").click()
            return await screen.locator("h1").inner_text()

    assert loop.run(story()) == "こんにちは"


def test_the_next_person_at_a_terminal_writes_nothing_in_her_name(chromium, loop, new_room):
    async def story():
        async with portal(new_room) as address, chromium.person(address) as page:
            await log_in(page)
            await page.goto("/looked")
            await page.get_by_role("button", name="この記録について尋ねる").first.click()
            await page.get_by_label("照会した機関に質問する").check()
            await page.get_by_label("内容").fill("何に使いましたか")
            await page.get_by_role("button", name="カードで署名して送る").click()
            await page.get_by_role("button", name=f"入れる：{CARDS[1]}").click()
            await sign(page)
            await page.get_by_role("button", name="進む").click()
            said = await page.locator("main").inner_text()
            await page.goto("/questions")
            return said, await page.locator("main").inner_text()

    said, kept = loop.run(story())
    assert "ログインしている人のカードではありません" in said
    assert "まだありません" in kept


def test_a_page_is_under_its_weight(chromium, loop, new_room):
    async def story():
        weights = {}
        async with portal(new_room) as address, chromium.person(address, script=True) as page:
            await log_in(page)
            for path in ("/", "/looked"):
                await page.goto(path)
                sizes = await page.evaluate(
                    "() => [...performance.getEntriesByType('navigation'),"
                    " ...performance.getEntriesByType('resource')]"
                    ".reduce((sum, one) => sum + one.decodedBodySize, 0)"
                )
                weights[path] = sizes
        return weights

    weights = loop.run(story())
    assert max(weights.values()) < 150_000, weights
    assert min(weights.values()) > 10_000, weights
