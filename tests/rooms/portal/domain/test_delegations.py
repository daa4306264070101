"""Delegations by property: whatever both, time and cards do in whatever order, some things hold."""

from datetime import UTC, date, datetime, timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.kernel.entropy import SeededEntropy
from kumihimo.kernel.refusal import Refusal
from kumihimo.rooms.portal.domain import delegations as domain
from kumihimo.rooms.portal.domain.delegations import CODE_LETTERS, Delegation, Side, Who
from kumihimo.rooms.portal.domain.refusals import CodeUnknown

START = datetime(2026, 6, 1, 3, tzinfo=UTC)
TODAY = date(2026, 6, 1)
PEOPLE = ("hanako", "taro", "jiro")
STEPS = (
    *(("join", one) for one in PEOPLE),
    *(("restore", one) for one in PEOPLE),
    ("end", "principal"),
    ("end", "proxy"),
    ("stop", ""),
    ("minutes", "20"),
    ("days", "5"),
)


def offered(opener: Side = "principal"):
    who = Who("hanako" if opener == "principal" else "taro", "p" * 22)
    return Delegation(
        delegation="d" * 22,
        state="offered",
        purpose="records",
        until=TODAY + timedelta(days=7),
        opener=opener,
        principal=who if opener == "principal" else None,
        proxy=who if opener == "proxy" else None,
        code_until=START + domain.CODE_FOR,
    )


class Life:
    """One delegation, and who did what to it; `now` is the room's clock."""

    def __init__(self, opener):
        self.one, self.now, self.states = offered(opener), START, ["offered"]
        self.stopped_since_restored = False

    def take(self, step):
        what, who = step
        self.one = domain.settled(self.one, now=self.now, today=self.today)
        before = self.one
        try:
            self._do(what, who)
        except Refusal:
            assert self.one == before, "what is refused changes nothing"
        self.states.append(self.one.state)

    @property
    def today(self):
        return TODAY + (self.now - START) // timedelta(days=1) * timedelta(days=1)

    def _do(self, what, who):
        if what == "join":
            joiner = Who(who, "q" * 22)
            self.one = domain.joined(self.one, joiner, ledger="l", secret="s")
        elif what == "restore":
            self.one = domain.restored(self.one, who)
            assert self.one.principal is not None
            assert who == self.one.principal.account
            self.stopped_since_restored = False
        elif what == "end":
            self.one = domain.ended(self.one, who)
        elif what == "stop":
            self.one = domain.stopped(self.one)
            self.stopped_since_restored = True
        else:
            self.now += timedelta(**{what: int(who)})


def may_act(life, account):
    one = domain.settled(life.one, now=life.now, today=life.today)
    try:
        domain.require_acting(one, account)
    except Refusal:
        return False
    return True


@given(st.sampled_from(["principal", "proxy"]), st.lists(st.sampled_from(STEPS), max_size=14))
def test_whatever_happens_only_a_proxy_whom_both_confirmed_acts_and_only_in_its_time(opener, steps):
    life = Life(opener)
    for step in steps:
        life.take(step)
        acting = [who for who in PEOPLE if may_act(life, who)]
        assert len(acting) <= 1
        if acting:
            one = life.one
            assert one.principal is not None
            assert one.proxy is not None
            assert acting == [one.proxy.account]
            assert one.principal.account != one.proxy.account
            assert life.today <= one.until
            assert not life.stopped_since_restored
            assert ("join", acting[0]) in steps or opener == "proxy"


@given(st.sampled_from(["principal", "proxy"]), st.lists(st.sampled_from(STEPS), max_size=14))
def test_what_has_ended_stays_so_and_says_why(opener, steps):
    life = Life(opener)
    for step in steps:
        life.take(step)
    if "ended" in life.states:
        assert set(life.states[life.states.index("ended") :]) == {"ended"}
        assert life.one.why
        assert life.one.code_until is None
    assert (life.one.state == "offered") == (life.one.code_until is not None)


def test_every_state_and_every_reason_is_reached():
    seen = set()
    for steps in (
        [("minutes", "20"), ("minutes", "20"), ("end", "proxy")],
        [("join", "taro"), ("stop", ""), ("restore", "hanako"), ("end", "principal")],
        [("join", "taro"), ("end", "proxy")],
        [("join", "taro"), *[("days", "5")] * 2, ("stop", "")],
    ):
        life = Life("principal")
        for step in steps:
            life.take(step)
            seen |= {life.one.state, life.one.why}
    assert seen == {"", "offered", "active", "suspended", "ended"} | {
        "principal",
        "proxy",
        "period",
        "lapsed",
    }


@given(st.integers(min_value=0))
def test_a_code_is_read_as_it_was_drawn_however_it_is_written(seed):
    code = domain.draw_code(SeededEntropy(str(seed)))
    shown = domain.shown_code(code)
    assert set(code) <= set(CODE_LETTERS)
    wide = "".join(chr(ord(one) + 0xFEE0) for one in code)
    for typed in (code, shown, shown.lower(), f" {shown} ", shown.replace("-", " "), wide):
        assert domain.typed_code(typed) == code


@pytest.mark.parametrize("typed", ["", "23456", "2" * 11, "0" * 10, "あ" * 10, "2" * 5_000])
def test_what_is_no_code_is_refused_like_one_that_is_over(typed):
    with pytest.raises(CodeUnknown):
        domain.typed_code(typed)


def test_nobody_joins_her_own_or_one_that_is_over():
    one = offered()
    for tried, account in (
        (one, "hanako"),
        (None, "taro"),
        (domain.ended(one, "principal"), "taro"),
        (attrs.evolve(one, principal=None), "taro"),
    ):
        with pytest.raises(CodeUnknown):
            domain.joinable(tried, account)
    assert domain.joinable(one, "taro") == one
