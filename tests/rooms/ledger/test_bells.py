"""Her portal hears that something waits for her, and nothing of what it is; what is hidden rings no bell."""

import msgspec

from kumihimo.rooms.ledger import api, bells
from tests.rooms.ledger.house import MINATO
from tests.rooms.ledger.test_rotation import rotate


async def hung(house, who="one"):
    token = await house.enter(who)
    answer = await house.http("POST", api.HANG_BELL_PATH, token=token, content=b"{}")
    assert answer.status_code == 200, answer.text
    return answer.json()["secret"]


async def exchange(house, who, **changes):
    """Let an exchange be delivered of which both ends said their last word."""
    record = msgspec.structs.replace(house.record(who), **changes)
    sides = ("requester", "provider")
    await house.deliver(record, ends=[house.end(record, side=side) for side in sides])


async def rings(house, *secrets, **more):
    asked = api.HearBells(bells=secrets, **more)
    return (await bells.hear(house.ledger, asked)).rings


def test_an_exchange_rings_her_bell_until_it_was_heard_and_nobody_elses(in_house):
    async def story(house):
        mine, hers = await hung(house), await hung(house, "another")
        assert await rings(house, mine, hers) == ()
        await exchange(house, "one")
        assert await rings(house, mine, hers) == (mine,)
        assert await rings(house, mine, hers) == (mine,), "until somebody says that it was heard"
        assert await rings(house, mine, heard=(mine,)) == ()
        await exchange(house, "one")
        assert await rings(house, mine) == (mine,)
        assert await rings(house, mine, down=(mine,)) == ()

    in_house(story)


def test_what_is_hidden_and_what_she_asked_herself_rings_none(in_house):
    async def story(house):
        mine = await hung(house)
        await exchange(house, "one", hidden=True)
        record = house.record("one")
        ends = [house.end(record, side="requester"), house.end(record, hidden=True)]
        await house.deliver(record, ends=ends)
        await exchange(house, "one", requester="ledger")
        assert await rings(house, mine) == ()
        await exchange(house, "one")
        assert await rings(house, mine) == (mine,)

    in_house(story)


def test_a_bell_outlives_a_change_of_key_and_another_one_replaces_it(in_house):
    async def story(house):
        mine = await hung(house)
        await exchange(house, "one")
        assert await rings(house, mine, heard=(mine,)) == ()
        await rotate(house)
        await exchange(house, "one")
        assert await rings(house, mine) == (mine,)
        other = await hung(house)
        assert await rings(house, mine, other) == ()
        house.clock.advance(bells.HANGS_FOR)
        await bells.forget(house.ledger)
        await exchange(house, "one")
        assert await rings(house, other) == ()

    in_house(story)


def test_without_its_secret_nobody_hears_a_bell(in_house):
    async def story(house):
        await hung(house)
        await exchange(house, "one")
        for wrong in ("x" * 43, MINATO.ljust(43, "y")):
            assert await rings(house, wrong) == ()

    in_house(story)
