"""What the nation's offices send: register reads it back as the very people of the world."""

from collections import defaultdict
from datetime import date

import pytest

from kumihimo.kernel.entropy import SeededEntropy
from kumihimo.people.check_digits import NumberSpace
from kumihimo.rooms.gateway.domain.copy_rows import check
from kumihimo.rooms.gateway.domain.files import read_table, read_text
from kumihimo.rooms.register.api import BATCH_MAX
from kumihimo.rooms.register.domain.forms import check_form
from kumihimo.rooms.register.domain.residents import Entry, timeline
from kumihimo.statute.layouts import layouts
from kumihimo.world.nation import World
from kumihimo.world.notices import COPIES, EVENT_KINDS, copies_file, notices

TODAY = date(2026, 4, 1)
STANDINGS = {"resident": "resident", "moving": "leaving", "abroad": "abroad", "dead": "dead"}


@pytest.fixture(scope="module")
def world():
    return World.generate(6_000, 11, municipalities=20)


@pytest.fixture(scope="module")
def told(world):
    """Every event in the order in which register gets it, by the code that names the person now."""
    entropy = SeededEntropy("notices")
    batches = [*notices(world, entropy), *notices(world, entropy, after_numbering=True)]
    people, holder = defaultdict(list), {}
    for seq, event in enumerate(event for batch in batches for event in batch.events):
        first = holder.setdefault(event.resident_code, event.resident_code)
        people[first].append(Entry(seq, event))
        if event.new_resident_code:
            holder[event.new_resident_code] = first
    return batches, people, holder


def test_register_reads_every_resident_as_she_is(world, told):
    _, people, holder = told
    assert len(people) == len(world.residents)
    for row in world.residents.iter_rows(named=True):
        state = timeline(people[holder[row["resident_code"]]])[-1].state
        assert state.resident_code == row["resident_code"]
        assert (state.name, state.kana) == (row["name"], row["name_kana"])
        assert (state.birth, state.sex) == (str(row["birth_date"]), row["sex"])
        assert (state.address, state.municipality) == (row["address"], row["municipality"])
        assert (state.alias, state.former_surname) == (row["alias"], row["former_surname"])
        assert (state.standing, state.protected) == (STANDINGS[row["standing"]], row["protected"])


def test_every_event_has_the_form_that_register_asks_for(told):
    batches, _, _ = told
    for batch in batches:
        assert 1 <= len(batch.events) <= BATCH_MAX
        for event in batch.events:
            check_form(event, space=NumberSpace.TEST, today=TODAY)


def test_every_kind_of_event_of_the_world_has_a_name_at_register(world):
    assert set(world.events["kind"]) <= set(EVENT_KINDS)


@pytest.mark.parametrize("layout", sorted(COPIES))
def test_the_file_of_an_office_fits_its_layout_in_every_row(world, layout):
    read = 0
    for institution in world.institutions["institution"]:
        file = copies_file(world, institution, layout, as_of="2026-03-31")
        if file is None:
            continue
        checked = check(read_table(read_text(file, None), "csv"), layouts()[layout], today=TODAY)
        assert checked.bad == ()
        read += len(checked.good)
    assert read == len(world.tables[COPIES[layout][0]])
