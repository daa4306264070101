"""jpki's room for a command that its operator types: opened from the settings file, and closed."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from kumihimo.kernel.clock import SystemClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import KeyFileUnsafe
from kumihimo.kernel.settings import BadSettings
from kumihimo.rooms.jpki.context import Jpki
from kumihimo.rooms.jpki.settings import Settings

T = TypeVar("T")


async def within(config: Path, settings: Settings, work: Callable[[Jpki], Awaitable[T]]) -> T:
    """Do something in the room that `config` describes; raises `BadSettings` and what `work` does."""
    try:
        jpki = settings.jpki(
            beside=config, book=settings.book(), clock=SystemClock(), entropy=SystemEntropy()
        )
    except KeyFileUnsafe as error:
        raise BadSettings(str(error)) from None
    await jpki.database.open()
    try:
        return await work(jpki)
    finally:
        await jpki.database.close()
