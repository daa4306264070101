"""Two people in Chromium of whom one lets the other read for her."""

from tests.browser.citizen import CARDS, log_in, sign
from tests.rooms.portal.test_proxies_stopped import certificate_of, turns_pass


async def comes_in(page, card):
    """Come in by a card that is put into the one reader of both."""
    await page.goto("/sign-in")
    await page.get_by_role("button", name="カードリーダーで入る").click()
    await puts_in(page, card)
    await sign(page)


async def puts_in(page, card):
    if await page.get_by_role("button", name=f"入れる：{card}").count():
        await page.get_by_role("button", name=f"入れる：{card}").click()


async def signs(page, card, button="カードで署名する"):
    await page.get_by_role("button", name=button).click()
    await puts_in(page, card)
    await sign(page)
    await page.get_by_role("button", name="進む").click()


async def at_proxies(hanako, taro, place):
    """Go through giving, joining, reading, stopped cards and ending; yields names and open pages."""
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
    async for name, page in _suspended(hanako, taro, place.house):
        yield name, page
    await hanako.get_by_role("button", name="この代理を終わらせる").click()
    yield "portal-proxies-ended", hanako
    await taro.goto("/acting")
    yield "portal-acting-over", taro
    await taro.goto("/proxies/ask")
    yield "portal-proxy-ask", taro
    await taro.goto("/proxies")
    yield "portal-proxies-over", taro


async def _suspended(hanako, taro, house):
    """Let his card be stopped and replaced, and her let it go on."""
    house.holders.over.add(await certificate_of(house, "taro"))
    await turns_pass(house)
    for page, card, name in ((taro, CARDS[1], "-proxy"), (hanako, CARDS[0], "")):
        await comes_in(page, card)
        await page.goto("/proxies")
        yield f"portal-proxies-suspended{name}", page
    await signs(hanako, CARDS[0], "カードで署名して再開する")
    yield "portal-proxies-stopped-problem", hanako
    house.holders.newer[await certificate_of(house, "taro")] = "n" * 22
    await hanako.goto("/proxies")
    await signs(hanako, CARDS[0], "カードで署名して再開する")
    yield "portal-proxies-restored", hanako
