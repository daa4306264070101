"""Opens pages in Debian's Chromium on a slow mobile network; prints when the largest part was painted.

A process of its own. The network is "Slow 4G" of Chromium's own tools: 562.5 ms until an answer
begins, 1.44 Mbit/s to the browser, 0.675 Mbit/s from it. Each page is opened by a browser that has
nothing kept. Reads address, cookie and paths as JSON, prints milliseconds by path.
"""

import asyncio
import json
import sys
from typing import Any, Final

from playwright.async_api import Browser, async_playwright

FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
)
NETWORK: Final = {
    "offline": False,
    "latency": 562.5,
    "downloadThroughput": 1_440_000 / 8,
    "uploadThroughput": 675_000 / 8,
}
PHONE: Final = {"width": 412, "height": 823}
PAINTED: Final = """new Promise(done => {
  let last = 0;
  new PerformanceObserver(list => { for (const one of list.getEntries()) last = one.startTime })
    .observe({type: "largest-contentful-paint", buffered: true});
  setTimeout(() => done(last), 500);
})"""
TIMEOUT_MS: Final = 60_000.0


async def painted(browser: Browser, asked: dict[str, Any], path: str) -> float:
    """Return after how many milliseconds the largest part of a page was there."""
    name, _, value = asked["cookie"].partition("=")
    context = await browser.new_context(viewport=PHONE, locale="ja-JP")  # pyright: ignore[reportArgumentType]
    await context.add_cookies([{"name": name, "value": value, "url": asked["address"]}])
    page = await context.new_page()
    protocol: Any = await context.new_cdp_session(page)
    await protocol.send("Network.enable")
    await protocol.send("Network.emulateNetworkConditions", NETWORK)
    answer = await page.goto(asked["address"] + path, wait_until="load", timeout=TIMEOUT_MS)
    assert answer is not None, "a page was opened"
    assert answer.status == 200, f"{path}: {answer.status}"  # noqa: PLR2004 - what a page has
    found = await protocol.send(
        "Runtime.evaluate", {"expression": PAINTED, "awaitPromise": True, "returnByValue": True}
    )
    await context.close()
    return float(found["result"]["value"])


async def main() -> None:
    """Open each page some times; the middle of what each took counts."""
    asked = json.loads(sys.stdin.read())
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(
            executable_path="/usr/bin/chromium-headless-shell", args=list(FLAGS)
        )
        found: dict[str, float] = {}
        for path in asked["paths"]:
            times = sorted([await painted(browser, asked, path) for _ in range(asked["times"])])
            found[path] = times[len(times) // 2]
        await browser.close()
    print(json.dumps(found))


if __name__ == "__main__":
    asyncio.run(main())
