"""After how long what waits, or is not heard of again, is an alarm: the one table of it.

An alarm comes long before a grace is over (`graces.py`): somebody shall look while the room still
serves. The limits are our own choice. docs/reference/operations.md prints them, and a test holds
the two equal.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import attrs


@attrs.frozen
class Limit:
    """At `after` the oldest in a queue, or the age of something, is an alarm; `why` in few words."""

    of: str
    after: timedelta
    why: str


LIMITS: Final = (
    Limit(
        "outbox",
        timedelta(minutes=15),
        "three tries at the longest pause between them have found nobody",
    ),
    Limit("refused", timedelta(), "nothing tries again what was refused by name"),
    Limit("leaves", timedelta(minutes=5), "a log that answers takes them within seconds"),
    Limit("core", timedelta(minutes=15), "a core that answers does it within seconds"),
    Limit("provider", timedelta(days=7), "it has gone to an officer, who does not decide"),
    Limit("officer", timedelta(days=7), "an officer does not decide"),
    Limit("notice", timedelta(days=7), "a letter that is owed does not go out"),
    Limit("mail", timedelta(minutes=15), "a relay that answers takes it within seconds"),
    Limit("mail-put-off", timedelta(days=1), "an address is put off again and again"),
    Limit("cosignature", timedelta(minutes=5), "oversight looks at the log every 20 seconds"),
    Limit("bells", timedelta(minutes=15), "the ledger is asked every 20 seconds"),
    Limit("directory", timedelta(minutes=10), "it is asked for every 10 seconds"),
    Limit("list sign", timedelta(hours=25), "a new list comes each day and is valid for two"),
    Limit("list auth", timedelta(hours=25), "a new list comes each day and is valid for two"),
    Limit(
        "journal-checked",
        timedelta(days=1),
        "a round through a hundred million lines takes fourteen hours",
    ),
    Limit(
        "writers-seen",
        timedelta(minutes=15),
        "it is looked every 10 seconds, a load of millions of rows at one time takes minutes",
    ),
    Limit("checkpoint", timedelta(days=3), "no room has had anything for the log over a weekend"),
)


def limits() -> Mapping[str, timedelta]:
    """Return the limits by what they are of."""
    return {one.of: one.after for one in LIMITS}
