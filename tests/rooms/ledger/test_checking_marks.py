"""What is changed in the ledger is told within a minute, though a round over its log takes longer."""

import pytest

from kumihimo.kernel.tlog.tiles import WIDTH
from tests.rooms.ledger.logs import leaves, submission
from tests.rooms.ledger.test_checking import EDITS, checked

__all__ = ("checked",)
STRETCHES = 60  # a round of as many looks, two and a half minutes
MINUTE = 24


async def filled(checked):
    """Let records stand at the log's beginning, and the round be far from them."""
    await checked.fill()
    for start in range(0, STRETCHES * WIDTH, 500):
        await checked.house.submit(submission(checked.house, leaves(500, start)))
    assert await checked.look(MINUTE) == set()


@pytest.mark.parametrize(
    "what",
    [
        "which office looked",
        "a record that is back-dated",
        "a record that is taken out",
        "an end that says otherwise",
        "a link that is taken out",
    ],
)
def test_what_a_superuser_changes_far_from_the_round_is_told_within_a_minute(checked, what):
    statement, found = EDITS[what]

    async def story(checked):
        await filled(checked)
        checked.superuser(statement)
        assert found in await checked.look(MINUTE)

    checked(story)


def test_what_changes_rightly_is_looked_at_and_is_no_finding(checked):
    async def story(checked):
        await filled(checked)
        checked.superuser("UPDATE record SET version = 2")
        assert await checked.look(MINUTE) == set()

    checked(story)
