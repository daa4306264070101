import itertools
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.rooms.jpki.api import Ca, Carrier, EventKind
from kumihimo.rooms.jpki.domain.reasons import HOLD, TABLE, after

kinds = st.sampled_from(get_args(EventKind))
cas = st.sampled_from(get_args(Ca))
carriers = st.sampled_from(get_args(Carrier))

# The published meaning of each reason, by event: (sign, auth).
PUBLISHED = {
    "attributes-changed": ("affiliationChanged", None),
    "death": ("cessationOfOperation", "cessationOfOperation"),
    "departure": ("cessationOfOperation", "cessationOfOperation"),
    "request": ("cessationOfOperation", "cessationOfOperation"),
    "loss": ("certificateHold", "certificateHold"),
    "key-compromise": ("keyCompromise", "keyCompromise"),
    "replaced": ("superseded", "superseded"),
    "never-delivered": ("unspecified", "unspecified"),
    "authority-compromise": ("cACompromise", "cACompromise"),
}


def lived(events, *, ca, carrier):
    """Return the states that a certificate goes through."""
    states: list[tuple[Any, Any]] = [("good", None)]
    for kind in events:
        status, reason = states[-1]
        change = after(kind, ca=ca, carrier=carrier, status=status, reason=reason)
        states.append((change.status, change.reason) if change else states[-1])
    return states


@pytest.mark.parametrize("kind", sorted(PUBLISHED))
def test_each_event_gives_the_reason_that_was_published_for_it(kind):
    for ca, reason in zip(("sign", "auth"), PUBLISHED[kind], strict=True):
        change = after(kind, ca=ca, carrier="card", status="good", reason=None)
        assert (change.reason if change else None) == reason


def test_every_event_decides_about_both_certificates():
    assert set(TABLE) == set(get_args(EventKind))
    assert all(set(by_ca) == {"sign", "auth"} for by_ca in TABLE.values())


@given(st.lists(kinds, max_size=12), cas, carriers)
def test_what_is_revoked_never_changes_again(events, ca, carrier):
    states = lived(events, ca=ca, carrier=carrier)
    for before, now in itertools.pairwise(states):
        if before[0] == "revoked":
            assert now == before


@given(st.lists(kinds, max_size=12), cas)
def test_nothing_on_a_card_ever_comes_back(events, ca):
    states = lived(events, ca=ca, carrier="card")
    gone = False
    for status, _ in states:
        gone = gone or status != "good"
        assert not (gone and status == "good")


@given(st.lists(kinds, max_size=12), carriers)
def test_no_sign_certificate_ever_comes_back(events, carrier):
    states = lived(events, ca="sign", carrier=carrier)
    assert [s for s, _ in states] == sorted(
        [s for s, _ in states], key=["good", "held", "revoked"].index
    )


@given(st.lists(kinds, max_size=12), cas, carriers)
def test_a_status_and_its_reason_always_fit(events, ca, carrier):
    for status, reason in lived(events, ca=ca, carrier=carrier):
        assert (status == "good") == (reason is None)
        assert (status == "held") == (reason == "certificateHold")


@given(st.lists(kinds, max_size=8), cas, carriers, kinds)
def test_an_event_that_comes_twice_at_once_is_as_one(events, ca, carrier, kind):
    assert (
        lived([*events, kind], ca=ca, carrier=carrier)[-1]
        == (lived([*events, kind, kind], ca=ca, carrier=carrier)[-1])
    )


def test_only_a_phones_auth_certificate_comes_back():
    back = {
        (ca, carrier)
        for ca in get_args(Ca)
        for carrier in get_args(Carrier)
        if after("found-again", ca=ca, carrier=carrier, status=HOLD.status, reason=HOLD.reason)
    }
    assert back == {("auth", "android"), ("auth", "iphone")}
