"""What the core decides on a question: nothing outside the list, nobody without an assessment."""

from datetime import date, timedelta
from functools import cache

import pytest
from hypothesis import event, example, given
from hypothesis import strategies as st

from kumihimo.kernel.entropy import SeededEntropy
from kumihimo.kernel.group import base, hash_to_group, random_scalar
from kumihimo.kernel.keys import PublicKeys
from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.seal import seal
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.linkage.api import Inquiry
from kumihimo.rooms.linkage.domain.conversion import Conversion, Task, convert_all
from kumihimo.rooms.linkage.domain.judge import judge
from kumihimo.rooms.linkage.domain.keys import DomainKeys
from kumihimo.rooms.oversight.api import Directory, DirectoryBody, Entry
from kumihimo.statute.law import build_list
from tests.federation.street import START

TODAY = date(2026, 6, 1)
LAW = build_list()
KEYS = PublicKeys(bytes(32), bytes(32), bytes(32))
BODIES = (
    *("lg-131032", "lg-271004", "lg-231002", "lg-130001", "nenkin", "mext", "kumihimo", "nobody"),
    *("lg-131032 ", ""),
)
AFFAIRS = ("b081", "b001", "b010", "b014", "b037", "b048", "b999", "self-information", "")
ITEMS = (
    *("local-tax.total-income", "local-tax.losses", "disability.grade", "pension-benefit.amount"),
    *("medical-insurance-benefit.copay", "no-such.thing", "local-tax", ""),
)


@cache
def allowed(requester, affair, provider, item, on):
    """Walk every row of the list, as a person with the law in her hands would."""
    return provider != requester and any(
        row.affair == affair
        and row.in_force(on)
        and any(requester in LAW.members(name) for name in row.requesters)
        and any(provider in LAW.members(name) for name in row.providers)
        and (item in row.items if row.items else item.split(".")[0] in row.informations)
        for row in LAW.entries
    )


def directory(standing, assessed):
    entries = tuple(
        Entry(
            party=body,
            kind="institution",
            standing="active" if active else "suspended",
            keys=KEYS,
            pia_published_on=day,
        )
        for body, active, day in zip(BODIES, standing, assessed, strict=True)
    )
    return Directory.of(DirectoryBody(version=1, issued_at=START, entries=entries))


def inquiry(affair, provider, items):
    return Inquiry(
        inquiry="x" * 22,
        affair=affair,
        provider=provider,
        items=items,
        layout="local-tax/2024",
        case="c",
        for_provider=b"",
        for_ledger=b"",
        version=1,
    )


days = st.sampled_from([None, TODAY - timedelta(1), TODAY, TODAY + timedelta(1)])
questions = st.tuples(
    st.sampled_from(BODIES),
    st.sampled_from(AFFAIRS),
    st.sampled_from(BODIES),
    st.lists(st.sampled_from(ITEMS), max_size=3).map(tuple),
)
GOOD = ("lg-131032", "b081", "lg-271004", ("local-tax.total-income",))
EVERYBODY = [True] * len(BODIES)
LONG_AGO = [date(2026, 1, 1)] * len(BODIES)


@given(
    questions | st.just(GOOD),
    st.lists(st.booleans(), min_size=len(BODIES), max_size=len(BODIES)) | st.just(EVERYBODY),
    st.lists(days, min_size=len(BODIES), max_size=len(BODIES)) | st.just(LONG_AGO),
)
@example(GOOD, EVERYBODY, LONG_AGO)
@example(GOOD, EVERYBODY, [None, *LONG_AGO[1:]])
@example(GOOD, EVERYBODY, [LONG_AGO[0], None, *LONG_AGO[2:]])
@example(GOOD, [True, False, *EVERYBODY[2:]], LONG_AGO)
def test_only_what_the_list_opens_between_bodies_in_good_standing_is_permitted(
    question, standing, assessed
):
    requester, affair, provider, items = question
    found = judge(
        inquiry(affair, provider, items),
        requester=requester,
        directory=directory(standing, assessed),
        law=LAW,
        today=TODAY,
    )
    active = dict(zip(BODIES, standing, strict=True))
    published = {
        body: active[body] and day is not None and day <= TODAY
        for body, day in zip(BODIES, assessed, strict=True)
    }
    on_list = bool(items) and all(allowed(requester, affair, provider, i, TODAY) for i in items)
    event(found.outcome)
    if not active[provider]:
        assert found.outcome == "REFUSED_PROVIDER"
    elif not on_list:
        assert found.outcome in {
            "REFUSED_REQUESTER",
            "REFUSED_AFFAIR",
            "REFUSED_PROVIDER",
            "REFUSED_ITEM",
        }
    elif not (published[requester] and published[provider]):
        assert found.outcome == "REFUSED_PIA"
    else:
        assert found.outcome == "OK"
    assert found.permitted == (found.outcome == "OK")
    assert bool(found.basis) == found.permitted
    assert bool(found.reason) != found.permitted


def test_a_sealed_person_of_another_form_is_refused_by_its_place():
    entropy = SeededEntropy(3)
    key = base(random_scalar(entropy))
    good = seal(hash_to_group(b"somebody", b"test"), to=key, entropy=entropy)
    by = Conversion(random_scalar(entropy), key)
    for how in (by, None):  # converted, and only looked at
        first = Task(good, "inquiries[2].for_provider", how)
        for bad in (b"", bytes(63), b"\xff" * 64, good[:32] + b"\xff" * 32):
            with pytest.raises(BadInput) as refusal:
                convert_all([first, Task(bad, "inquiries[3].for_provider", how)], entropy)
            assert refusal.value.pointer == "inquiries[3].for_provider"
        [taken] = convert_all([first], entropy)
        assert len(taken) == (64 if how else 0)


def test_a_factor_that_was_forgotten_is_derived_again(monkeypatch):
    monkeypatch.setattr("kumihimo.rooms.linkage.domain.keys.FACTORS_KEPT", 2)
    keys = DomainKeys(Withheld(bytes(32)))
    first = keys.factor("a", 1, "b", 1)
    for target in ("c", "d", "e"):
        keys.factor("a", 1, target, 1)
    assert keys.factor("a", 1, "b", 1) == first
    assert keys.factor("a", 1, "b", 1) == DomainKeys(Withheld(bytes(32))).factor("a", 1, "b", 1)
