"""The canary tells of a system that does not answer, or slowly, and of nothing else."""

import asyncio
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.metrics import Meter
from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import Problem, Unavailable
from kumihimo.operations.canary import Canary
from kumihimo.operations.metrics import exposition
from tests.federation.street import START

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


class System:
    """What the canary asks: it answers as told, and takes as long as told."""

    def __init__(self):
        self.clock = HandClock(START)
        self.answer = "OK"
        self.takes = SECOND
        self.canary = Canary(
            ask=self.ask, clock=self.clock, meter=Meter(), every=MINUTE, slow=10 * SECOND
        )

    async def ask(self):
        self.clock.advance(self.takes)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def rounds(self, count=1):
        for _ in range(count):
            asyncio.run(self.canary.sing())
            self.clock.advance(MINUTE)

    def alarms(self):
        health = self.canary.health()
        assert (health.state == "alarm") == bool(health.alarms)
        return [one.of for one in health.alarms]

    def counted(self):
        text = exposition(self.canary.health(), self.canary.meter, None).decode()
        found = [one for each in text_string_to_metric_families(text) for one in each.samples]
        return {
            one.labels["outcome"]: one.value
            for one in found
            if one.name == "kumihimo_canary_answers_total"
        }


@pytest.fixture
def system():
    return System()


def test_while_it_is_answered_in_time_all_is_well(system):
    system.rounds(5)
    assert system.alarms() == []
    assert system.counted() == {"OK": 5}


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("", "WAITS"),
        ("PROVIDER_DOWN", "PROVIDER_DOWN"),
        (Unavailable(), "unavailable"),
        (Refused("gateway", Problem("urn:kumihimo:山田花子", "t", 503)), "OTHER"),
        (Refused("gateway", Problem("urn:kumihimo:too-many", "t", 429)), "too-many"),
        ("山田 花子", "OTHER"),
    ],
)
def test_three_minutes_without_a_good_answer_are_an_alarm_until_there_is_one(
    system, answer, outcome
):
    system.takes = timedelta()
    system.rounds()
    system.answer = answer
    system.rounds()
    system.clock.advance(MINUTE - SECOND)
    assert system.alarms() == []
    system.clock.advance(SECOND)
    assert system.alarms() == ["canary"]
    system.answer = "OK"
    system.rounds()
    assert system.alarms() == []
    assert system.counted() == {"OK": 2, outcome: 1}


def test_one_that_never_sang_is_an_alarm_after_as_long(system):
    system.clock.advance(3 * MINUTE - SECOND)
    assert system.alarms() == []
    system.clock.advance(SECOND)
    assert system.alarms() == ["canary"]
    assert [one.age_s for one in system.canary.health().ages] == [None]


def test_a_slow_answer_is_an_alarm_until_one_is_quick(system):
    system.takes = 10 * SECOND - SECOND
    system.rounds()
    assert system.alarms() == []
    system.takes = 10 * SECOND
    system.rounds()
    [alarm] = system.canary.health().alarms
    assert (alarm.of, alarm.age_s, alarm.limit_s) == ("canary-slow", 10, 10)
    system.takes = SECOND
    system.rounds()
    assert system.alarms() == []
