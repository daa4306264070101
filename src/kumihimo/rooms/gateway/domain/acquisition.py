"""The states of an acquisition of a code (符号取得), and the only ways between them.

NONE → SEQUENCED → REQUESTED → RECEIVED → BOUND. EXPIRED begins again; REJECTED waits for a person
to look. RECEIVED and BOUND are reached in one transaction, so RECEIVED never rests on the disk.
"""

from typing import Final, Literal

from kumihimo.kernel.refusal import Conflict

State = Literal["NONE", "SEQUENCED", "REQUESTED", "RECEIVED", "BOUND", "EXPIRED", "REJECTED"]
Happening = Literal[
    "sequence", "request", "receive", "bind", "expire", "reject", "duplicate", "retry"
]

START_AGAIN: Final[tuple[State, ...]] = ("NONE", "EXPIRED")

_WAYS: Final[dict[tuple[State, Happening], State]] = {
    ("NONE", "sequence"): "SEQUENCED",
    ("EXPIRED", "sequence"): "SEQUENCED",
    ("SEQUENCED", "request"): "REQUESTED",
    ("SEQUENCED", "reject"): "REJECTED",
    ("SEQUENCED", "duplicate"): "NONE",
    ("SEQUENCED", "expire"): "EXPIRED",
    ("REQUESTED", "receive"): "RECEIVED",
    ("REQUESTED", "expire"): "EXPIRED",
    ("RECEIVED", "bind"): "BOUND",
    ("RECEIVED", "reject"): "REJECTED",
    ("REJECTED", "retry"): "NONE",
}


class NoSuchStep(Conflict):
    """An acquisition does not go this way."""


def after(state: State, happening: Happening) -> State:
    """Return the state that follows; raises `NoSuchStep`."""
    following = _WAYS.get((state, happening))
    if following is None:
        raise NoSuchStep(f"an acquisition that is {state} cannot {happening}")
    return following
