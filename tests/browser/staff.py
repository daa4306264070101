"""The pages of staff, served with something on each: a counter of cards, a desk of review."""

from contextlib import asynccontextmanager

from kumihimo.rooms.cards.production import make_next
from kumihimo.run.loopback import served
from tests.rooms.cards.house import House as CardsHouse
from tests.rooms.cards.terminal import CODES, Terminal
from tests.rooms.review.house import CODE, finding, proposal
from tests.rooms.review.house import House as ReviewHouse
from tests.run.dashboards import dashboard

COUNTER = ("", "apply", "way", "hand-over", "pins", "renew", "update", "abroad", "found", "return",
           "lost", "misdelivery", "unfinished")  # fmt: skip
REVIEWER, SUPERVISOR = ("", "queue"), ("progress", "viewings", "patterns")


@asynccontextmanager
async def counter(new_room):
    """Yield the address of a counter with a card in its reader."""
    house = CardsHouse()
    await house.start(new_room)
    terminal = Terminal(house)
    number = await house.resident(1)
    await terminal.sign_in()
    await terminal.apply(number, house.people[1][1])
    await make_next(house.cards)
    [serial] = house.tray.memories
    card = await house.show(serial=serial)
    for event in ("ship", "notify"):
        await house.handle(card.card, event)
    terminal.insert(house.chip(serial))
    try:
        async with served(terminal.app) as address:
            yield address
    finally:
        await house.stop()


@asynccontextmanager
async def desk(new_room):
    """Yield the address of a desk with records in its queue."""
    house = ReviewHouse(None)
    await house.start(new_room)
    await house.load(*(finding(n, proposal=proposal(50)) for n in range(1, 9)))
    try:
        async with served(house.room.app) as address:
            yield address
    finally:
        await house.stop()


async def sign_in(page, officer, code):
    """Let an officer sign in by the form."""
    await page.goto("/sign-in")
    await page.get_by_label("職員コード").fill(officer)
    await page.get_by_label("職員の暗証").fill(code)
    await page.get_by_role("button", name="はじめる").click()


async def at_counter(page, _):
    """Go through the counter's pages; yields the name of each that is open."""
    await page.goto("/sign-in")
    yield "counter-sign-in"
    await sign_in(page, "officer-1", CODES["officer-1"])
    for path in COUNTER:
        await page.goto(f"/{path}")
        yield f"counter-{path or 'home'}"


async def at_desk(page, _):
    """Go through the desk's pages as its two roles; yields the name of each that is open."""
    await sign_in(page, "ito", CODE)
    for path in REVIEWER:
        await page.goto(f"/{path}")
        yield f"review-{path or 'home'}"
    await page.goto("/")
    await page.get_by_role("button", name="次の記録を見る").first.click()
    yield "review-item"
    await page.get_by_role("button", name="回答して次へ").click()
    yield "review-item-problem"
    await sign_in(page, "ueda", CODE)
    for path in SUPERVISOR:
        await page.goto(f"/{path}")
        yield f"review-{path}"


@asynccontextmanager
async def rooms(_):
    """Yield the address of the page with the state of all rooms."""
    async with dashboard() as (app, _), served(app) as address:
        yield address


async def at_rooms(page, _):
    """Go through the page of all rooms, in both languages, with everything open."""
    for way, name in (
        ("/", "rooms"),
        ("/?language=en", "rooms-en"),
        ("/?refresh=yes", "rooms-fresh"),
    ):
        await page.goto(way)
        for details in await page.locator("summary").all():
            await details.click()
        yield name
