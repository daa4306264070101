"""For whom a room works at present: one of its consumers, or itself.

A door says it once for a request; what is done for the request later, in tasks and threads, knows
it too.
"""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

OURSELVES: Final = ""  # the room's own work
_CONSUMER: Final[ContextVar[str]] = ContextVar("consumer", default=OURSELVES)


@contextmanager
def working_for(consumer: str) -> Generator[None]:
    """Say for whom the work of this block is done."""
    token = _CONSUMER.set(consumer)
    try:
        yield
    finally:
        _CONSUMER.reset(token)


def worked_for() -> str:
    """Return for whom the present work is done."""
    return _CONSUMER.get()
