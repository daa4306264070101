"""The page of public statistics: axe, a phone, twice the text, dark mode, and no script."""

from tests.browser.looks import faults
from tests.browser.published import at_statistics, statistics


def test_the_page_of_public_statistics_is_sound(chromium, loop, new_room):
    async def story():
        found = {}
        async with statistics(new_room) as place, chromium.person(place, script=True) as page:
            async for name in at_statistics(page, place):
                found[name] = await faults(page)
        return found

    found = loop.run(story())
    assert len(found) == 4
    assert {name: faulty for name, faulty in found.items() if faulty} == {}
