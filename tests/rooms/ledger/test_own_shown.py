"""Of the many institutions that were asked a page reads those alone that brought something or are silent."""

from datetime import timedelta
from typing import get_args

import pytest

from kumihimo.kernel.ids import new_id
from kumihimo.rooms.ledger import store_own
from kumihimo.rooms.ledger.domain.own import TOLD
from kumihimo.rooms.ledger.store_own import AskRow, BatchRow
from kumihimo.rooms.linkage.api import Outcome
from tests.federation.street import START

SESSION = b"s" * 32


async def asked(house, tx, outcomes, *, session=SESSION, at=START):
    """Write a batch down whose questions ended so; returns its name."""
    batch = BatchRow(
        batch=new_id(house.entropy),
        token_hash=session,
        information="local-tax",
        reader_key=b"k" * 32,
        body=b"",
        asked_at=at,
        until=at + timedelta(minutes=15),
        next_try_at=at,
    )
    asks = [
        AskRow(inquiry=new_id(house.entropy), batch=batch.batch, provider=f"lg-{n}")
        for n, _ in enumerate(outcomes)
    ]
    await store_own.add(tx, batch, asks)
    for one, outcome in zip(asks, outcomes, strict=True):
        if outcome is not None:
            await tx.put(
                "UPDATE own_ask SET outcome = %s, answered_at = %s WHERE inquiry = %s",
                (outcome, at, one.inquiry),
            )
    return batch.batch


@pytest.mark.parametrize("outcome", [None, *get_args(Outcome)])
def test_what_tells_her_nothing_is_not_read(in_house, outcome):
    async def story(house):
        async with house.ledger.database.transaction() as tx:
            batch = await asked(house, tx, [outcome, "NO_DATA", "NO_DATA"])
            await asked(house, tx, [None], session=b"o" * 32)
            rows = await store_own.shown(tx, SESSION)
        shown = outcome is None or outcome in TOLD
        assert [(one.batch, one.provider, one.outcome, one.asked) for one in rows] == [
            (batch, "lg-0" if shown else None, outcome if shown else None, 3)
        ]

    in_house(story)


def test_the_latest_comes_first_and_what_an_older_release_asked_is_counted(in_house):
    async def story(house):
        async with house.ledger.database.transaction() as tx:
            old = await asked(house, tx, ["OK", "NO_DATA"])
            await tx.put("UPDATE own_batch SET asked = NULL")
            new = await asked(house, tx, ["OK", None, "OK"], at=START + timedelta(seconds=1))
            rows = await store_own.shown(tx, SESSION)
        assert [(one.batch, one.provider, one.asked) for one in rows] == [
            (new, "lg-0", 3),
            (new, "lg-1", 3),
            (new, "lg-2", 3),
            (old, "lg-0", 2),
        ]

    in_house(story)
