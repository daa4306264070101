"""What holds of every page, whatever is on it: checked on a phone, on a desk, by light and dark."""

from kumihimo.pages.front import LANGUAGE_COOKIE
from tests.browser.chromium import DESK, PHONE, errors, violations

# Where two columns would be needed a person would have to move the page sideways (WCAG 1.4.10).
_TOO_WIDE = """() => {
    const root = document.documentElement
    if (root.scrollWidth <= root.clientWidth) return []
    const out = [...document.querySelectorAll('body *')].filter(one =>
        one.getBoundingClientRect().right > root.clientWidth + 1)
    return out.slice(0, 3).map(one => one.outerHTML.slice(0, 80)).concat(['scrolls sideways'])
}"""
# A finger hits 24 pixels (WCAG 2.5.8); a link inside a sentence may be as high as its line.
_TOO_SMALL = """() => [...document.querySelectorAll('button, input:not([type=hidden]), select')]
    .filter(one => one.offsetParent && Math.min(one.offsetWidth, one.offsetHeight) < 24)
    .map(one => one.outerHTML)"""
_INLINE = """() => [...document.querySelectorAll('[style], script, style, [onclick]')]
    .map(one => one.outerHTML.slice(0, 80))"""


async def refused(page, name):
    """Return what a page says went wrong that is not the page of something that went wrong."""
    meant = name.endswith(("problem", "wrong-pin", "no-page", "over"))
    return [] if meant else await page.locator(".kh-errors").all_inner_texts()


async def faults(page, name=""):
    """Return what is wrong with the page that is open; `name` is what it should be."""
    # A click does not wait for the page that it leads to; on a busy machine that is half there.
    await page.wait_for_load_state("networkidle")
    found = await violations(page) + await errors(page)
    found += await refused(page, name) if name else []
    await page.emulate_media(color_scheme="dark")
    found += [f"dark: {one}" for one in await violations(page, ["color-contrast"])]
    await page.emulate_media(color_scheme="light")
    for size in (PHONE, DESK):
        await page.set_viewport_size(size)
        for what, script in (("wide", _TOO_WIDE), ("small", _TOO_SMALL), ("inline", _INLINE)):
            found += [f"{what} at {size['width']}: {one}" for one in await page.evaluate(script)]
    found += await _enlarged(page)
    return sorted(set(found))


async def with_readings(page):
    """Return what leaves the open page on a phone in another language of it: with furigana."""
    spoken = {"name": LANGUAGE_COOKIE, "url": page.url}
    await page.context.add_cookies([{**spoken, "value": "furigana"}])
    beside = await page.context.new_page()
    await beside.set_viewport_size(PHONE)
    await beside.goto(page.url)
    found = await beside.evaluate(_TOO_WIDE)
    await beside.close()
    await page.context.add_cookies([{**spoken, "value": "ja"}])
    return [f"wide with furigana: {one}" for one in found]


async def _enlarged(page):
    """Return what leaves the page when its text is twice as large (WCAG 1.4.4)."""
    tools = await page.context.new_cdp_session(page)
    await tools.send(
        "Emulation.setDeviceMetricsOverride",
        {"width": 640, "height": 900, "deviceScaleFactor": 1, "mobile": False},
    )
    await tools.send("Page.enable")
    await tools.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
    wide = await page.evaluate(_TOO_WIDE)
    await tools.send("Page.setFontSizes", {"fontSizes": {"standard": 16, "fixed": 13}})
    await tools.send("Emulation.clearDeviceMetricsOverride")
    await tools.detach()
    return [f"at 200 %: {one}" for one in wide]
