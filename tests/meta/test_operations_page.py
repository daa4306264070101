"""The page of operations prints what the code promises: every grace, each with the test that holds it."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from kumihimo.kernel.admission import ANYBODY, MIB, PARTIES, PERSONS, READ_WITHIN_S
from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.crowd import Crowd
from kumihimo.kernel.grace import Running
from kumihimo.kernel.health import Age, Health, Overdue, Queue
from kumihimo.kernel.metrics import Meter
from kumihimo.kernel.refusal import Unavailable
from kumihimo.operations.alarms import LIMITS, limits
from kumihimo.operations.canary import Canary
from kumihimo.operations.graces import GRACES, grace_of
from kumihimo.operations.metrics import STATES, exposition
from kumihimo.rooms.gateway.http_business import BUSINESS
from kumihimo.rooms.linkage.domain.sheets import PERMIT_LIFETIME
from kumihimo.run.serving import ROOMS
from tests.meta.project import ROOT, rows, section

SECOND = timedelta(seconds=1)
PAGE = (ROOT / "docs/reference/operations.md").read_text("utf-8")
# Who follows no directory: oversight signs it, the desk speaks to its own gateway alone, and the
# portal is no party: jpki knows it by a token, the ledger by each person's session.
WITHOUT_A_DIRECTORY = {"oversight", "portal", "review"}


def table(heading):
    return [[cell.strip("`") for cell in row] for row in rows(section(PAGE, heading))[1:]]


def words(period, none="not at all"):
    if period is None:
        return "without end"
    if not period:
        return none
    hour = timedelta(hours=1)
    for unit, of in (("days", 24 * hour), ("hours", hour), ("minutes", hour / 60)):
        if period % of == timedelta() and (unit != "days" or period > of):
            return f"{period // of} {unit}"
    raise AssertionError(period)


def test_the_page_prints_every_grace_as_it_is():
    told = [
        [
            one.room,
            one.missing,
            words(one.period),
            "—" if one.most is None else f"{one.most:,}",
            one.goes_on,
            one.stops,
            one.then.code if one.then else "—",
            one.test,
        ]
        for one in GRACES
    ]
    assert table("## Grace") == told


@pytest.mark.parametrize("room", sorted(set(ROOMS) - WITHOUT_A_DIRECTORY))
def test_every_room_that_follows_oversight_has_its_grace(room):
    assert grace_of(room, "oversight").then is not None


def test_what_ends_in_a_refusal_has_a_code_of_its_own_unless_it_is_refused_at_once():
    for one in GRACES:
        assert (one.period is None) == (one.then is None)
        if one.period:
            assert one.then is not Unavailable, one


def test_no_two_graces_are_for_one_thing():
    named = [(one.room, one.missing) for one in GRACES]
    assert len(named) == len(set(named))


def test_a_permit_lives_as_long_as_its_row_says():
    assert timedelta(hours=1) == PERMIT_LIFETIME
    assert "(one hour)" in grace_of("gateway", "provider").goes_on


def test_the_page_prints_every_limit_as_it_is():
    told = [[one.of, words(one.after, none="at once"), one.why] for one in LIMITS]
    assert table("## Alarms") == told
    assert len(limits()) == len(LIMITS), "no two limits are of one thing"


def test_every_queue_and_every_age_on_the_page_has_a_limit():
    section_of_health = section(PAGE, "## Health")
    queues = {row[0].strip("`") for row in rows(section_of_health) if len(row) == 3} - {
        *STATES,
        "queue",
        "`state`",
        "state",
    }
    ages = set(re.findall("`([a-z -]+)`", section_of_health.rpartition("Ages: ")[2]))
    assert queues | ages == set(limits())


async def answered():
    """Answer as a gateway does that lost its way."""
    return "NO_PERSON"


def every_metric():
    """Return name, kind and labels of each metric of a room that has something of everything."""
    health = Health(
        room="linkage",
        at=datetime(2026, 1, 1, tzinfo=UTC),
        state="grace",
        queues=(Queue(queue="outbox", party="ledger", count=1, oldest_s=1),),
        ages=(Age(what="directory", age_s=1),),
        graces=(Running(missing="ledger", silent_s=1, left_s=1, then="ledger-silent"),),
        broken=(Age(what="journal edited", age_s=1),),
        alarms=(Overdue(of="outbox", party="ledger", age_s=1, limit_s=1),),
    )
    meter, crowd = Meter(), Crowd(1, 1, 1, 1, 1, 1, 1)
    meter.answered("look", "ok", 1.0)
    canary = Canary(
        ask=answered, clock=HandClock(health.at), meter=meter, every=SECOND, slow=10 * SECOND
    )
    asyncio.run(canary.sing())
    text = exposition(health, meter, crowd).decode()
    for family in text_string_to_metric_families(text):
        labels = {key for one in family.samples for key in one.labels if key != "le"}
        name = family.name + "_total" * (family.type == "counter")
        yield name, family.type, labels or {"—"}


def test_the_page_lists_every_metric_with_its_kind_and_labels():
    told = [
        (name, kind, set(labels.split("`, `"))) for name, kind, labels, _ in table("## Metrics")
    ]
    assert sorted(told) == sorted(every_metric())


def test_the_page_prints_the_bounds_of_every_door():
    def row(bounds):
        each = str(bounds.calls_each) if bounds.calls_each else "—"
        bodies = (bounds.bytes_each // MIB, bounds.bytes_all // MIB)
        return [each, *map(str, (bounds.strangers, bounds.calls_all, *bodies))]

    told = [cells[2:] for cells in table("## Bounds")]
    assert told == [row(bounds) for bounds in (PARTIES, BUSINESS, PERSONS, ANYBODY)]
    assert f"after {READ_WITHIN_S:.0f} seconds" in section(PAGE, "## Bounds")
