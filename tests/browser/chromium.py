"""Debian's Chromium, driven from tests: pages as people see them, on a phone and on a desk.

One loop in a thread of its own has the browser and the applications that it looks at, so that tests
of other folders keep their own loops.
"""

import asyncio
import json
import threading
from contextlib import asynccontextmanager
from pathlib import Path

import axe_playwright_python
from playwright.async_api import async_playwright

AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
# Of npm, byte for byte: html_codesniffer 2.5.1, package/build/HTMLCS.js.
SNIFFER = Path(__file__).parent / "sniffer" / "HTMLCS.js"
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
PHONE, DESK = {"width": 320, "height": 640}, {"width": 1280, "height": 900}
# The same pages by the same engine: a whole browser that nobody sees takes half as much again.
PROGRAM = "/usr/bin/chromium-headless-shell"
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
IN_TIME_MS = 15_000  # a bound for a machine that is busy, not a wait


class Loop:
    """An event loop in a thread of its own."""

    def __init__(self):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, story):
        return asyncio.run_coroutine_threadsafe(story, self._loop).result()

    def stop(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Chromium:
    """The browser; each `person` has a profile of her own that ends with the block."""

    async def start(self):
        self._driver = await async_playwright().start()
        self._browser = await self._driver.chromium.launch(
            executable_path=PROGRAM, args=list(FLAGS)
        )

    async def stop(self):
        await self._browser.close()
        await self._driver.stop()

    @asynccontextmanager
    async def person(self, address, *, script=False, size=DESK, **more):
        """Yield a page of a new profile; fails where a page broke its own security policy."""
        context = await self._browser.new_context(
            base_url=address, java_script_enabled=script, viewport=size, locale="ja-JP", **more
        )
        context.set_default_timeout(IN_TIME_MS)
        page = await context.new_page()
        said = []
        page.on("console", lambda message: said.append(message.text))
        try:
            yield page
        finally:
            await context.close()
        assert [line for line in said if "Content Security Policy" in line] == []


async def violations(page, only=()):
    """Return what axe finds by its rules, or by some of them alone."""
    # It would also tell of each element in which way it is well, which nobody reads.
    asked = f"{{runOnly: {list(only or RULES)!r}, resultTypes: ['violations']}}"
    run = f"axe.run(document, {asked}).then(found => JSON.stringify(found.violations))"
    return [
        f"{one['id']}: {node['target']} {node.get('failureSummary', '')}"
        for one in await _told(page, "axe", AXE, run)
        for node in one["nodes"]
    ]


async def errors(page):
    """Return what HTML_CodeSniffer, which shares nothing with axe, calls an error (WCAG 2, AA).

    Its warnings ask a person to look at what it cannot decide.
    """
    told = "HTMLCS.getMessages().filter(one => one.type === HTMLCS.ERROR)"
    words = "`sniffed ${one.code}: ${one.msg} ${one.element.outerHTML}`.slice(0, 400)"
    run = (
        "new Promise((done, failed) => HTMLCS.process('WCAG2AA', document,"
        f" () => done(JSON.stringify({told}.map(one => {words}))),"
        " () => failed('the page was not looked at')))"
    )
    return await _told(page, "HTMLCS", SNIFFER, run)


async def _told(page, name, engine, run):
    """Return what an engine says of a page: what the script `run` promises, as JSON."""
    # By the protocol of the browser's own tools: it obeys neither the page's policy nor "no script".
    session = await page.context.new_cdp_session(page)

    async def evaluate(script):
        asked = {"expression": script, "awaitPromise": True, "returnByValue": True}
        return (await session.send("Runtime.evaluate", asked))["result"].get("value")

    if await evaluate(f"typeof {name}") == "undefined":  # half a megabyte: once for a page
        await evaluate(f"{engine.read_text('utf-8')}; 0")
    found = await evaluate(run)
    await session.detach()
    return json.loads(found)
