"""What an event does to certificates, and under which reason: one table, nothing else decides.

The reasons have a fixed meaning here (docs/reference/jpki.md). A hold is final on a card: the card
comes back at the counter, its certificates do not. On a phone the auth certificate may come back.
"""

from typing import Final, Literal

import attrs

from kumihimo.rooms.jpki.api import Ca, Carrier, EventKind, Reason

Status = Literal["good", "held", "revoked"]


@attrs.frozen
class Change:
    """A certificate's new status and the reason for it; good has none."""

    status: Status
    reason: Reason | None


HOLD: Final = Change("held", "certificateHold")
RELEASED: Final = Change("good", None)


def _revoked(reason: Reason) -> Change:
    return Change("revoked", reason)


# None: the event leaves the certificate alone.
TABLE: Final[dict[EventKind, dict[Ca, Change | None]]] = {
    "attributes-changed": {"sign": _revoked("affiliationChanged"), "auth": None},
    "record-error": {
        "sign": _revoked("affiliationChanged"),
        "auth": _revoked("affiliationChanged"),
    },
    "death": {
        "sign": _revoked("cessationOfOperation"),
        "auth": _revoked("cessationOfOperation"),
    },
    "departure": {
        "sign": _revoked("cessationOfOperation"),
        "auth": _revoked("cessationOfOperation"),
    },
    "request": {
        "sign": _revoked("cessationOfOperation"),
        "auth": _revoked("cessationOfOperation"),
    },
    "card-ended": {
        "sign": _revoked("cessationOfOperation"),
        "auth": _revoked("cessationOfOperation"),
    },
    "loss": {"sign": HOLD, "auth": HOLD},
    "key-compromise": {"sign": _revoked("keyCompromise"), "auth": _revoked("keyCompromise")},
    "replaced": {"sign": _revoked("superseded"), "auth": _revoked("superseded")},
    # What is delivered stays as it is; what it takes the place of is `replaced`.
    "delivered": {"sign": None, "auth": None},
    "never-delivered": {"sign": _revoked("unspecified"), "auth": _revoked("unspecified")},
    "authority-compromise": {
        "sign": _revoked("cACompromise"),
        "auth": _revoked("cACompromise"),
    },
    "found-again": {"sign": None, "auth": RELEASED},
}


def after(
    event: EventKind, *, ca: Ca, carrier: Carrier, status: Status, reason: Reason | None
) -> Change | None:
    """Return what a certificate becomes by an event, or None when it stays as it is.

    What is revoked stays revoked, under its first reason. What is held stays on the list: an event
    that revokes for good replaces the hold, except the replacement of the card itself, which a
    held certificate does not need.
    """
    change = TABLE[event][ca]
    if change is None or status == "revoked":
        return None
    if event == "found-again":
        return change if status == "held" and carrier != "card" else None
    if status == "held" and change.reason in {"superseded", "certificateHold"}:
        return None
    return change if (change.status, change.reason) != (status, reason) else None
