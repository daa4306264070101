"""A database that was away for long is found within moments of its return, not within as long again."""

from psycopg_pool import AsyncConnectionPool
from psycopg_pool.base import AttemptWithBackoff

from kumihimo.kernel.connections import RECONNECT_S
from kumihimo.kernel.sql import Database

AWAY_S = 600.0
PAUSE_MAX_S = 2.5


def longest_pause(patience_s):
    """Play the pool's tries against a hand-moved clock; who gave up begins anew when it is asked."""
    now, longest = 0.0, 0.0
    attempt = AttemptWithBackoff(timeout=patience_s)
    while now < AWAY_S:
        if attempt.time_to_give_up(now):
            attempt = AttemptWithBackoff(timeout=patience_s)
        attempt.update_delay(now)
        longest = max(longest, attempt.delay)
        now += attempt.delay
    return longest


def test_a_room_looks_for_a_lost_database_every_two_seconds_however_long_it_is_away(new_room):
    _, reached = new_room("linkage")
    pool = Database(reached.runtime)._connections._pool
    assert pool.reconnect_timeout == RECONNECT_S
    assert longest_pause(pool.reconnect_timeout) < PAUSE_MAX_S


def test_by_itself_the_pool_would_look_ever_more_rarely():
    by_itself = AsyncConnectionPool("", open=False).reconnect_timeout
    assert longest_pause(by_itself) > AWAY_S / 10
