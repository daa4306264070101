"""Two people in Chromium: one lets the other read for her, sees that it was done, and ends it."""

import pytest

from tests.browser.citizen import CARDS, log_in, portal, sign
from tests.browser.looks import faults


async def comes_in(page, card):
    """Come in by a card that is put into the one reader of both."""
    await page.goto("/sign-in")
    await page.get_by_role("button", name="カードリーダーで入る").click()
    await puts_in(page, card)
    await sign(page)


async def puts_in(page, card):
    if await page.get_by_role("button", name=f"入れる：{card}").count():
        await page.get_by_role("button", name=f"入れる：{card}").click()


async def signs(page, card):
    await page.get_by_role("button", name="カードで署名する").click()
    await puts_in(page, card)
    await sign(page)
    await page.get_by_role("button", name="進む").click()


async def at_proxies(hanako, taro):
    """Go through giving, joining, reading and ending; yields the name and the page that is open."""
    await log_in(hanako)
    await hanako.get_by_role("link", name="代理", exact=True).first.click()
    yield "portal-proxies-empty", hanako
    await hanako.get_by_role("link", name="代理を頼む").click()
    await hanako.get_by_role("button", name="カードで署名する").click()
    yield "portal-proxy-open-problem", hanako
    await hanako.get_by_label("だれが情報を見たかを見る").check()
    await hanako.get_by_label("30日").check()
    await hanako.get_by_label("相手を何と呼びますか").fill("妹")
    await signs(hanako, CARDS[0])
    yield "portal-proxy-code", hanako
    code = await hanako.locator(".kh-digits").inner_text()
    await comes_in(taro, CARDS[1])
    await taro.goto("/proxies/enter")
    await taro.get_by_label("コード").fill("22222-22222")
    await taro.get_by_role("button", name="次へ").click()
    yield "portal-proxy-enter-problem", taro
    await taro.get_by_label("コード").fill(code)
    await taro.get_by_role("button", name="次へ").click()
    yield "portal-proxy-join", taro
    await taro.get_by_label("相手を何と呼びますか").fill("姉")
    await signs(taro, CARDS[1])
    yield "portal-proxies-begun", taro
    await taro.get_by_role("button", name="代理で見る").click()
    yield "portal-acting", taro
    await hanako.goto("/looked")
    yield "portal-looked-proxy", hanako
    await hanako.goto("/proxies")
    await hanako.get_by_role("button", name="この代理を終わらせる").click()
    yield "portal-proxies-ended", hanako
    await taro.goto("/acting")
    yield "portal-acting-over", taro


@pytest.mark.parametrize("script", [False, True], ids=["no-script", "script"])
def test_she_gives_he_reads_she_sees_it_and_ends_it(chromium, loop, new_room, script):
    async def story():
        said = {}
        async with (
            portal(new_room) as address,
            chromium.person(address, script=script) as hanako,
            chromium.person(address, script=script) as taro,
        ):
            async for name, page in at_proxies(hanako, taro):
                said[name] = await page.locator("main").inner_text()
        return said

    said = loop.run(story())
    assert "代理を始めました" in said["portal-proxies-begun"]
    assert "代理で見ています：姉" in said["portal-acting"]
    assert "東京都港区が、大阪府大阪市に照会しました" in said["portal-acting"]
    assert "代理の人（妹）が見ました" in said["portal-looked-proxy"]
    assert "代理を終わりました" in said["portal-proxies-ended"]
    assert "照会しました" not in said["portal-acting-over"]


def test_every_page_of_delegations_is_sound(chromium, loop, new_room):
    async def story():
        found = {}
        async with (
            portal(new_room) as address,
            chromium.person(address, script=True) as hanako,
            chromium.person(address, script=True) as taro,
        ):
            async for name, page in at_proxies(hanako, taro):
                found[name] = await faults(page)
        return found

    found = loop.run(story())
    assert len(found) == 10
    assert {name: faulty for name, faulty in found.items() if faulty} == {}
