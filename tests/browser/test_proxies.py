"""Two people in Chromium: one lets the other read for her, sees that it was done, and ends it."""

import pytest

from tests.browser.citizen import portal
from tests.browser.delegating import at_proxies
from tests.browser.looks import faults, with_readings


@pytest.mark.parametrize("script", [False, True], ids=["no-script", "script"])
def test_she_gives_he_reads_she_sees_it_and_ends_it(chromium, loop, new_room, script):
    async def story():
        said = {}
        async with (
            portal(new_room) as address,
            chromium.person(address, script=script) as hanako,
            chromium.person(address, script=script) as taro,
        ):
            async for name, page in at_proxies(hanako, taro, address):
                said[name] = await page.locator("main").inner_text()
        return said

    said = loop.run(story())
    assert "代理を始めました" in said["portal-proxies-begun"]
    assert "代理で見ています：姉" in said["portal-acting"]
    assert "東京都港区が、大阪府大阪市に照会しました" in said["portal-acting"]
    assert "代理の人（妹）が見ました" in said["portal-looked-proxy"]
    for name in ("portal-proxies-suspended", "portal-proxies-suspended-proxy"):
        assert "カードが止まったので、代理を中断しました" in said[name]
    assert "代理を再開しました" in said["portal-proxies-restored"]
    assert "代理を終わらせました" in said["portal-proxies-ended"]
    assert "照会しました" not in said["portal-acting-over"]


def test_every_page_of_delegations_is_sound(chromium, loop, new_room):
    async def story():
        found = {}
        async with (
            portal(new_room) as address,
            chromium.person(address, script=True) as hanako,
            chromium.person(address, script=True) as taro,
        ):
            async for name, page in at_proxies(hanako, taro, address):
                found[name] = await faults(page, name) + await with_readings(page)
        return found

    found = loop.run(story())
    assert len(found) == 16
    assert {name: faulty for name, faulty in found.items() if faulty} == {}
