"""A delegation (委任) and what may become of it. Every way through it is one of these functions.

    offered -> active <-> suspended -> ended          offered -> ended

One side opens it, signed by her card, and hands a code to the other, who joins, signed by her card.
It ends when either says so and after its last day. It is suspended when the card of either stops,
and only the one whose data it is about can let it go on. What has ended stays so.
"""

import unicodedata
from datetime import date, datetime, timedelta
from typing import Final, Literal

import attrs

from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.refusal import NotFound
from kumihimo.rooms.portal.domain.refusals import CodeUnknown, DelegationNotInForce

State = Literal["offered", "active", "suspended", "ended"]
Side = Literal["principal", "proxy"]
Why = Literal["", "principal", "proxy", "period", "lapsed"]

CODE_FOR: Final = timedelta(minutes=30)  # our choice: while both talk to each other
CODE_LENGTH: Final = 10
# Digits and letters that are not taken for each other, read aloud; no vowel, so no word. Never
# twelve digits: that is what an individual number looks like. 43 bits.
CODE_LETTERS: Final = "23456789CFGHJMPQRVWX"
CODE_TRIES_MAX: Final = 5  # our choice: wrong codes of one account in one minute
CHECK_EVERY: Final = timedelta(minutes=10)  # our choice: how often a certificate is looked at
GOOD_FOR: Final = timedelta(minutes=30)  # our choice: how long one good look is believed


@attrs.frozen
class Who:
    """One side of a delegation: her account, and her part of it."""

    account: str
    part: str


@attrs.frozen(kw_only=True)
class Delegation:
    """Who lets whom do what, until when. `secret` is what the ledger lets the proxy read by."""

    delegation: str
    state: State
    purpose: str
    until: date
    opener: Side
    principal: Who | None
    proxy: Who | None
    code_until: datetime | None
    why: Why = ""
    ledger: str = ""
    secret: str = ""

    def who(self, side: Side) -> Who | None:
        """Return one of the two, None before she joined."""
        return self.principal if side == "principal" else self.proxy

    def side_of(self, part: str) -> Side:
        """Return whose part it is. Raises `NotFound`."""
        for side in ("principal", "proxy"):
            found = self.who(side)
            if found is not None and found.part == part:
                return side
        raise NotFound


def other(side: Side) -> Side:
    """Return the other side."""
    return "proxy" if side == "principal" else "principal"


def settled(one: Delegation, *, now: datetime, today: date) -> Delegation:
    """Return it as time has left it: over after its last day, and with its code."""
    if one.state == "ended":
        return one
    if today > one.until:
        return attrs.evolve(one, state="ended", why="period", code_until=None)
    if one.state == "offered" and one.code_until is not None and now >= one.code_until:
        return attrs.evolve(one, state="ended", why="lapsed", code_until=None)
    return one


def joinable(one: Delegation | None, account: str) -> Delegation:
    """Return what somebody may join: one `CodeUnknown` for all that she may not."""
    if one is None or one.state != "offered":
        raise CodeUnknown
    opener = one.who(one.opener)
    if opener is None or opener.account == account:
        raise CodeUnknown
    return one


def joined(one: Delegation | None, who: Who, *, ledger: str, secret: str) -> Delegation:
    """Return it in force. `ledger` and `secret` are the ledger's; they stand there by now."""
    one = joinable(one, who.account)
    assert secret, "the ledger lets the proxy read"
    if one.opener == "principal":
        one = attrs.evolve(one, proxy=who)
    else:
        one = attrs.evolve(one, principal=who)
    return attrs.evolve(one, state="active", code_until=None, ledger=ledger, secret=secret)


def ended(one: Delegation, by: Side) -> Delegation:
    """Return it ended by one side; what has ended stays as it is."""
    if one.state == "ended":
        return one
    return attrs.evolve(one, state="ended", why=by, code_until=None)


def stopped(one: Delegation) -> Delegation:
    """Return it after a card of either was stopped, or is over: it waits; an offer is over."""
    match one.state:
        case "active":
            return attrs.evolve(one, state="suspended")
        case "offered":
            return attrs.evolve(one, state="ended", why="lapsed", code_until=None)
        case _:
            return one


def restored(one: Delegation, account: str) -> Delegation:
    """Return it in force again, by the one whose data it is about and by nobody else.

    Raises `NotFound` for anybody else, `DelegationNotInForce` where it does not wait for that.
    """
    if one.principal is None or one.principal.account != account:
        raise NotFound
    if one.state != "suspended":
        raise DelegationNotInForce
    return attrs.evolve(one, state="active")


def require_acting(one: Delegation, account: str) -> None:
    """Raise unless somebody may act by it now: `NotFound` for others, `DelegationNotInForce`."""
    if one.proxy is None or one.proxy.account != account:
        raise NotFound
    if one.state != "active":
        raise DelegationNotInForce


def draw_code(entropy: Entropy) -> str:
    """Draw a code to hand over."""
    drawn = int.from_bytes(entropy.bytes(16), "big")
    letters: list[str] = []
    for _ in range(CODE_LENGTH):
        drawn, at = divmod(drawn, len(CODE_LETTERS))
        letters.append(CODE_LETTERS[at])
    return "".join(letters)


def shown_code(code: str) -> str:
    """Return a code as it is read aloud: in two halves."""
    half = CODE_LENGTH // 2
    return f"{code[:half]}-{code[half:]}"


def typed_code(text: str) -> str:
    """Return a code as it was drawn, from what somebody typed; raises `CodeUnknown`."""
    plain = unicodedata.normalize("NFKC", text).upper()
    code = "".join(one for one in plain if one.isascii() and one.isalnum())
    if len(code) != CODE_LENGTH or not set(code) <= set(CODE_LETTERS):
        raise CodeUnknown
    return code
