"""The components: axe, a phone, a desk, twice the text, forced colours, and no script at all."""

from contextlib import asynccontextmanager

import attrs
import pytest
from litestar import Litestar, Response, get

from kumihimo.kernel.door import lawful
from kumihimo.pages.engine import Language, Pages, style_routes
from kumihimo.pages.forms import Problem
from kumihimo.run.loopback import served
from tests.browser.looks import faults

PAGES = Pages.of("tests.browser")
PROBLEM = Problem("bad-input", "名前を入れてください", "戸籍のとおりに書きます。", "name")


@attrs.frozen
class Seen:
    language: Language = "ja"
    density: str = "roomy"
    problem: Problem | None = PROBLEM


@asynccontextmanager
async def gallery(seen=Seen()):
    @get("/", opt=lawful(authority="tests", callers=("anyone",)))
    async def home() -> Response[str]:
        return PAGES.render(
            "gallery.html",
            language=seen.language,
            problem=seen.problem,
            density=seen.density,
        )

    async with served(Litestar([home, *style_routes()])) as address:
        yield address


@pytest.mark.parametrize(
    "seen", [Seen(), Seen("en"), Seen("ja", "dense")], ids=["ja", "en", "dense"]
)
def test_every_component_is_sound_in_every_size_and_light(chromium, loop, seen):
    async def story():
        async with gallery(seen) as address, chromium.person(address, script=True) as page:
            await page.goto("/")
            return await faults(page)

    assert loop.run(story()) == []


def test_what_went_wrong_has_the_focus_and_leads_to_its_field_without_script(chromium, loop):
    async def story():
        async with gallery() as address, chromium.person(address) as page:
            await page.goto("/")
            focused = await page.evaluate("() => document.activeElement.id")
            await page.get_by_role("link", name="名前を入れてください").click()
            return focused, await page.evaluate("() => document.querySelector(':target').id")

    assert loop.run(story()) == ("errors", "name")


def test_a_dialogue_opens_and_closes_without_script_and_holds_the_keyboard(chromium, loop):
    async def story():
        async with gallery() as address, chromium.person(address) as page:
            await page.goto("/")
            asked = page.get_by_role("dialog", name="終了しますか")
            assert not await asked.is_visible()
            await page.get_by_role("button", name="終了する").first.click()
            assert await asked.is_visible()
            await page.keyboard.press("Escape")
            assert not await asked.is_visible()
            await page.get_by_role("button", name="終了する").first.click()
            await asked.get_by_role("button", name="やめる").click()
            return await asked.is_visible()

    assert loop.run(story()) is False


def test_the_keyboard_reaches_the_content_first(chromium, loop):
    async def story():
        async with gallery(Seen(problem=None)) as address, chromium.person(address) as page:
            await page.goto("/")
            await page.keyboard.press("Tab")
            first = await page.evaluate("() => document.activeElement.className")
            await page.keyboard.press("Enter")
            return first, await page.evaluate("() => location.hash")

    assert loop.run(story()) == ("kh-skip", "#main")


def test_borders_show_what_is_a_control_where_colours_are_forced(chromium, loop):
    async def story():
        async with (
            gallery() as address,
            chromium.person(address, script=True, forced_colors="active") as page,
        ):
            await page.goto("/")
            widths = await page.evaluate(
                "() => [...document.querySelectorAll('main .kh-button:not([data-kind=plain])')]"
                ".map(one => getComputedStyle(one).borderTopWidth)"
            )
            return set(widths)

    assert loop.run(story()) == {"2px"}


def test_faults_would_be_found(chromium, loop):
    """A page with each fault: what the others say of good pages is worth something."""
    bad = (
        "<html lang='ja'><title>x</title><main><h1>あ</h1><p>" + "W" * 400 + "</p>"
        "<button>x</button><input><script>1</script><font color='#999999'>薄い</font></main></html>"
    )

    @get("/", opt=lawful(authority="tests", callers=("anyone",)))
    async def home() -> Response[str]:
        return Response(bad, media_type="text/html")

    async def story():
        async with (
            served(Litestar([home])) as address,
            chromium.person(address, script=True) as page,
        ):
            await page.goto("/")
            return " ".join(await faults(page))

    told = loop.run(story())
    sniffed = "sniffed WCAG2AA.Principle4.Guideline4_1.4_1_2.H91.InputText.Name"
    by_engines = ("label: ", "color-contrast", sniffed)
    for fault in (*by_engines, "wide at 320", "small at 1280", "inline", "at 200 %"):
        assert fault in told, (fault, told)
