"""From a planted mis-link to the corrected link: the rooms at work, and only two reviewers' answers.

Osaka's record "7" is the first resident's and carries the second's number. Osaka's gateway compares
its links every month, its desk asks the gateway, two people look, and the gateway corrects.
"""

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import attrs

from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import Locker
from kumihimo.kernel.sql import Database
from kumihimo.kernel.withheld import Withheld
from kumihimo.pages.officers import Officers, Passcode
from kumihimo.people.check_digits import NumberSpace
from kumihimo.rooms.gateway import app as gateway_app
from kumihimo.rooms.gateway.checking import EVERY
from kumihimo.rooms.review import app as review_app
from kumihimo.rooms.review.context import Desk
from tests.federation.desk import open_desk
from tests.federation.street import ALLOWANCE, MINATO, OSAKA
from tests.federation.test_a_link_in_doubt import settle
from tests.rooms.review.house import CODE, ROLES, Browser

SOON_S = 0.05
PAUSES = {
    gateway_app: ("OUTBOX", "SENDING", "ACQUIRING", "CHECKING", "CONSEQUENCES", "PURGE"),
    review_app: ("OUTBOX", "SETTLE", "FORGET", "ASK"),
}
TRIES = 400


@asynccontextmanager
async def at_work(street, new_room):
    """Let Osaka's gateway and its desk do their work by themselves; yields the desk."""
    desk = await open_desk(street, OSAKA, affairs=(ALLOWANCE,), name="review")
    standing, _ = street.gateways[OSAKA]
    gateway = attrs.evolve(standing.gateway, checks={OSAKA: ALLOWANCE})
    room = gateway_app.build(gateway, {OSAKA: street.tenants[OSAKA]}, report=street._bug)
    _, reached = new_room("review")
    database = Database(reached.runtime, pool_max=4)
    await database.open()
    entropy = SystemEntropy()
    kept = Desk(
        database=database,
        locker=Locker.of(Withheld(b"k" * 32), entropy),
        clock=street.clock,
        entropy=entropy,
        space=NumberSpace.TEST,
    )
    officers = Officers(dict.fromkeys(ROLES, Passcode.of(CODE, b"salt")), ROLES)
    review = review_app.build(kept, officers, desk.client, https=False, report=street._bug)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        for app in (room.app, review.app):
            await stack.enter_async_context(app.lifespan())
        yield review


async def until(act):
    """Wait until something has come about by itself; returns what it was."""
    for _ in range(TRIES):
        found = await act()
        if found:
            return found
        await asyncio.sleep(SOON_S)
    raise AssertionError(act)


async def signed_in(review, officer):
    browser = Browser(review.app)
    await browser.sign_in(officer)
    return browser


async def answered(review, officer, number):
    """Answer what comes into a reviewer's hands, once it comes."""
    browser = await signed_in(review, officer)

    async def waits():
        await browser.take()
        return browser.at == "/item"

    await until(waits)
    assert "毎月の照合：住基と合わない" in browser.page
    await browser.wrong(right="typed", number=number, then="stop")
    assert "回答を記録しました" in browser.page


async def checked(town, *, runs=1):
    """Wait until the latest of so many runs is over."""

    async def over():
        found = await town.osaka(lambda c: c.link_checks())
        return found if len(found) == runs and found[0].finished_on else ()

    return (await until(over))[0]


async def corrected(town):
    async def settled():
        found = await town.osaka(lambda c: c.suspensions_of("7"))
        return [(d.state, d.ground, d.case) for d in found if d.state == "CORRECTED"]

    return await until(settled)


async def told(town, case):
    async def ready():
        found = await town.osaka(lambda c: c.consequences("7", case=case))
        return found if found.ready else None

    return [(one.kind, one.institution) for one in (await until(ready)).exchanges]


def test_a_planted_mis_link_is_found_put_before_people_and_corrected_without_a_hand_between(
    in_town, new_room, monkeypatch
):
    for module, names in PAUSES.items():
        for name in names:
            monkeypatch.setattr(module, f"{name}_PAUSE_S", SOON_S)

    async def story(street, one, other):
        town = await settle(street, one, other, number=other)
        assert await town.outcomes() == ["NO_PERSON", "OK"], "hers goes out under another's name"
        async with at_work(street, new_room) as review:
            run = await checked(town)
            assert (run.counts, run.suspended) == ({"MISMATCH": 1}, 1)
            assert await town.outcomes() == ["NO_PERSON", "REFUSED_FLAG"]
            for officer in ("ito", "kato"):
                await answered(review, officer, one)
            assert await corrected(town) == [("CORRECTED", "mismatch", run.run)]
            await town.osaka.acquire(street.register_room)
            assert await town.outcomes() == ["OK", "NO_PERSON"]
            assert await told(town, run.run) == [("given", MINATO)]
            street.clock.advance(EVERY + timedelta(days=1))
            later = await checked(town, runs=2)
            assert (later.counts, later.suspended) == ({"EQUAL": 1}, 0)
            ito = await signed_in(review, "ito")
            assert "点検を待つ記録はありません" in ito.page

    in_town(story)
