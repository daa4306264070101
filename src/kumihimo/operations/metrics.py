"""What operators' programs read of a room, in Prometheus' text format (docs/reference/operations.md).

What `/health` tells, as numbers, beside what the process counts of its doors. Labels are kinds of
work, parties and codes; nothing here is about a person.
"""

from collections.abc import Iterable, Iterator
from typing import Final, get_args

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from kumihimo.kernel.crowd import Crowd
from kumihimo.kernel.grace import Running
from kumihimo.kernel.health import Health, Queue, State
from kumihimo.kernel.metrics import Meter

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
STATES: Final[tuple[State, ...]] = get_args(State)
_ONLY_IN_OPENMETRICS: Final = "_created"  # in the text format each would be a gauge of its own


def exposition(health: Health, meter: Meter, crowd: Crowd | None) -> bytes:
    """Return what Prometheus reads: the room's health, its counts, its connections."""
    registry = CollectorRegistry()
    registry.register(_Told(health, meter, crowd))
    return generate_latest(registry)


class _Told(Collector):
    def __init__(self, health: Health, meter: Meter, crowd: Crowd | None) -> None:
        self._health, self._meter, self._crowd = health, meter, crowd

    @override
    def collect(self) -> Iterator[Metric]:
        yield from _of_health(self._health)
        if self._crowd is not None:
            yield from _of_crowd(self._crowd)
        for family in self._meter.registry.collect():
            family.samples = [
                one for one in family.samples if not one.name.endswith(_ONLY_IN_OPENMETRICS)
            ]
            yield family


def _of_health(health: Health) -> Iterator[Metric]:
    yield _gauge(
        "kumihimo_room_state",
        "1 for the state that the room is in, 0 for the others.",
        {(health.room, state): int(state == health.state) for state in STATES},
        ("room", "state"),
    )
    yield from _of_queues(health.queues)
    yield _gauge(
        "kumihimo_age_seconds",
        "Seconds since it was made or heard of; absent when it never was.",
        {(one.what,): one.age_s for one in health.ages if one.age_s is not None},
        ("of",),
    )
    yield from _of_graces(health.graces)
    yield _gauge(
        "kumihimo_alarm",
        "1 for what waits, or was not heard of, for longer than its limit.",
        {(one.of, one.party): 1 for one in health.alarms},
        ("of", "party"),
    )
    yield _gauge(
        "kumihimo_broken_seconds",
        "Seconds since something was found that is not as the room left it.",
        {(one.what,): one.age_s for one in health.broken if one.age_s is not None},
        ("of",),
    )


def _of_queues(queues: Iterable[Queue]) -> Iterator[Metric]:
    waiting = {(one.queue, one.party): one.count for one in queues}
    oldest = {(one.queue, one.party): one.oldest_s for one in queues}
    labels = ("queue", "party")
    yield _gauge("kumihimo_queue_messages", "How many wait.", waiting, labels)
    yield _gauge("kumihimo_queue_oldest_seconds", "Seconds that the oldest waits.", oldest, labels)


def _of_graces(graces: Iterable[Running]) -> Iterator[Metric]:
    """Tell of each who is silent once: a gateway waits for the core for many institutions."""
    silent: dict[tuple[str, ...], int] = {}
    left: dict[tuple[str, ...], int] = {}
    for one in graces:
        key = (one.missing, one.then)
        silent[key] = max(one.silent_s, silent.get(key, 0))
        left[key] = min(one.left_s, left.get(key, one.left_s))
    labels = ("missing", "refusal")
    yield _gauge("kumihimo_grace_silent_seconds", "Seconds of silence so far.", silent, labels)
    yield _gauge(
        "kumihimo_grace_left_seconds", "Seconds before the room refuses; 0: it does.", left, labels
    )


def _of_crowd(crowd: Crowd) -> Iterator[Metric]:
    connections = {
        ("open",): crowd.connections,
        ("idle",): crowd.idle,
        ("most",): crowd.most,
    }
    yield _gauge(
        "kumihimo_database_connections",
        "Connections of the process to its database: open, idle, at most.",
        connections,
        ("which",),
    )
    yield GaugeMetricFamily(
        "kumihimo_database_waiting", "Transactions that wait for a connection.", crowd.waiting
    )
    yield CounterMetricFamily(
        "kumihimo_database_asked_total", "Transactions that asked for a connection.", crowd.asked
    )
    yield CounterMetricFamily(
        "kumihimo_database_failed_total", "Transactions that were given none.", crowd.failed
    )
    yield CounterMetricFamily(
        "kumihimo_database_unwritten_total",
        "Transactions that the database did not take because of its disk.",
        crowd.unwritten,
    )
    yield CounterMetricFamily(
        "kumihimo_database_waited_seconds_total",
        "Seconds that transactions waited for a connection.",
        crowd.waited_ms / 1000,
    )


def _gauge(
    name: str, says: str, values: dict[tuple[str, ...], int], labels: tuple[str, ...]
) -> Metric:
    family = GaugeMetricFamily(name, says, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family
