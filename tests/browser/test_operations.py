"""The page with the state of all rooms: axe, a phone, twice the text, dark mode, and no script."""

from kumihimo.run.loopback import served
from tests.browser.looks import faults
from tests.run.dashboards import dashboard


def test_the_page_of_all_rooms_is_sound(chromium, loop):
    async def story():
        found = {}
        async with (
            dashboard() as (app, _),
            served(app) as address,
            chromium.person(address, script=True) as page,
        ):
            for way in ("/", "/?language=en", "/?refresh=yes"):
                await page.goto(way)
                for details in await page.locator("summary").all():
                    await details.click()
                found[way] = await faults(page)
        return found

    assert loop.run(story()) == {"/": [], "/?language=en": [], "/?refresh=yes": []}
