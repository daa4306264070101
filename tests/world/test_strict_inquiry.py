"""The strict inquiry over a whole world: whom it names is the person, however the office writes her."""

from collections import defaultdict

import pytest

from kumihimo.kernel.refusal import BadInput
from kumihimo.people.identity import FourAttributes, match_key, strict_match
from kumihimo.world.audits.plan import AuditPlan, Planting
from kumihimo.world.audits.worlds import make_world

MANY = Planting(household=0.02, homonym=0.02, twin=0.005, random=0.01, shift=0.02)


def read(line):
    try:
        return FourAttributes.parse(
            name=line["name"], birth=line["birth"], sex=line["sex"] or "", address=line["address"]
        )
    except BadInput:
        return None


@pytest.fixture(scope="module")
def world():
    return make_world(AuditPlan(links=3_000, seed=8, planting=MANY, homonyms=0.1, twins=0.05))


@pytest.fixture(scope="module")
def answers(world):
    """Return of each row that was answered: whose it truly is, and whom the inquiry names."""
    true = dict(world["truth"].select("row", "true_number").iter_rows())
    held = defaultdict(list)
    for line in world["register"].iter_rows(named=True):
        known = read(line)
        if known is not None and (key := match_key(known)) is not None:
            held[key].append((line["number"], known))
    told = []
    for line in world["rows"].iter_rows(named=True):
        asked = read(line)
        if asked is None or (key := match_key(asked)) is None:
            continue
        found = [n for n, known in held[key] if strict_match(asked, known, sex_required=False)]
        if len(found) == 1:
            told.append((true.get(line["row"], line["number"]), found[0]))
    return told


def test_the_strict_inquiry_never_names_another(answers):
    assert [pair for pair in answers if pair[0] != pair[1]] == []


def test_it_names_most_whose_address_and_name_are_of_today(world, answers):
    fresh = world["written"].filter(~world["written"]["stale_address"])
    assert len(answers) > 0.85 * len(fresh)
