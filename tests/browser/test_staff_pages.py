"""Every page of staff: axe, a phone, twice the text, dark mode, and no script in it."""

import pytest

from tests.browser.looks import faults
from tests.browser.staff import COUNTER, at_counter, at_desk, at_rooms, counter, desk, rooms


@pytest.mark.parametrize(
    ("place", "way", "pages"),
    [(counter, at_counter, len(COUNTER) + 1), (desk, at_desk, 7), (rooms, at_rooms, 3)],
)
def test_every_page_of_staff_is_sound(chromium, loop, new_room, place, way, pages):
    async def story():
        found = {}
        async with place(new_room) as address, chromium.person(address, script=True) as page:
            async for name in way(page, address):
                found[name] = await faults(page, name)
        return found

    found = loop.run(story())
    assert len(found) == pages
    assert {name: faulty for name, faulty in found.items() if faulty} == {}
