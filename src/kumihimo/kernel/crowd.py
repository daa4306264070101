"""How many use a room's connections to its database: counts, and nothing of whom."""

import attrs


@attrs.frozen
class Crowd:
    """How many use a room's connections: those open and idle, of at most so many; who waits.

    `asked`, `failed` and `waited_ms` are counted since the pool was opened; so is `unwritten`: what
    the database did not take because of its disk.
    """

    connections: int
    idle: int
    most: int
    waiting: int
    asked: int
    failed: int
    waited_ms: int
    unwritten: int = 0
