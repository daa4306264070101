"""Pictures of every page, on a phone and on a desk: `python -m tests.browser.pictures FOLDER`.

They are made from the same places that the tests visit, so no page is forgotten.
"""

import sys
from contextlib import closing
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.postgres import EmbeddedPostgres
from tests.browser.chromium import DESK, Chromium, Loop
from tests.browser.citizen import at_portal, portal
from tests.browser.delegating import at_proxies
from tests.browser.published import at_statistics, statistics
from tests.browser.staff import at_counter, at_desk, at_rooms, counter, desk, rooms
from tests.databases import Databases

SIZES = {"phone": {"width": 390, "height": 844}, "desk": DESK}
HEIGHT_MAX = 1800  # a long list goes on like it begins
COLOURS = 64  # a page has few: the files stay small


def alone(way):
    """Return the way of one person."""

    async def pages(chromium, place, viewport):
        async with chromium.person(place, script=True, size=viewport) as page:
            async for name in way(page, place):
                yield name, page

    return pages


async def of_two(chromium, place, viewport):
    """Go the way of two persons."""
    how = {"script": True, "size": viewport}
    async with chromium.person(place, **how) as hanako, chromium.person(place, **how) as taro:
        async for name, page in at_proxies(hanako, taro, place):
            yield name, page


PLACES = {
    "portal": (portal, alone(at_portal)),
    "proxies": (portal, of_two),
    "counter": (counter, alone(at_counter)),
    "desk": (desk, alone(at_desk)),
    "rooms": (rooms, alone(at_rooms)),
    "statistics": (statistics, alone(at_statistics)),
}


async def take(chromium, new_room, folder, only):
    """Go through every place in each size, and keep what is seen."""
    for name, (place, way) in PLACES.items():
        if only and name not in only:
            continue
        for size, viewport in SIZES.items():
            async with place(new_room) as address:
                async for seen, page in way(chromium, address, viewport):
                    await keep(page, folder / f"{seen}-{size}.png")


async def keep(page, file):
    """Keep what is seen, in few colours."""
    seen = Image.open(BytesIO(await page.screenshot(full_page=True)))
    seen = seen.crop((0, 0, seen.width, min(seen.height, HEIGHT_MAX)))
    seen.convert("RGB").quantize(COLOURS).save(file, optimize=True)


def main(folder, *only):
    """Take the pictures of every place, or of those that are named."""
    folder.mkdir(parents=True, exist_ok=True)
    loop, chromium = Loop(), Chromium()
    with TemporaryDirectory(prefix="kumihimo-pictures-") as name:
        Path(name).chmod(0o755)
        postgres = EmbeddedPostgres.start(
            Path(name) / "postgres", entropy=SystemEntropy(), durable=False
        )
        try:
            loop.run(chromium.start())
            with closing(Databases(postgres)) as databases, databases.lent() as new_room:
                loop.run(take(chromium, new_room, folder, only))
            loop.run(chromium.stop())
        finally:
            postgres.stop()
            loop.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
