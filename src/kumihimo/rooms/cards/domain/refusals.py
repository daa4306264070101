"""What cards refuses, by name. None quotes an id, a name or a number."""

from kumihimo.kernel.refusal import BadInput, Conflict, NotAllowed, NotFound


class UnknownApplication(NotFound):
    """Also for an application of another municipality: who may not see it learns nothing."""

    code = "unknown-application"
    title = "No such application of yours"


class UnknownCard(NotFound):
    """Also for a card of another municipality."""

    code = "unknown-card"
    title = "No such card of yours"


class BadApplication(BadInput):
    """Something that the application needs is missing or contradicts the rest."""

    code = "bad-application"
    title = "The application lacks something or contradicts itself"


class NotEligible(Conflict):
    """Express issue, posting or a kind of card that this person cannot have now."""

    code = "not-eligible"
    title = "The conditions for this are not met"


class ProxyNotAccepted(NotAllowed):
    """The reason does not allow a proxy, or its papers are missing."""

    code = "proxy-not-accepted"
    title = "The card is not given to this proxy for this reason"


class WrongState(Conflict):
    """The card or the application is in a state in which this cannot happen."""

    code = "wrong-state"
    title = "This cannot happen to the card or the application now"


class PinsDiffer(BadInput):
    """A secret that nobody sees while it is typed is typed twice."""

    code = "pins-differ"
    title = "The PIN was typed differently the second time"


class BadPin(BadInput):
    """A PIN or password that breaks its form."""

    code = "bad-pin"
    title = "The PIN does not have the form that is asked for"


class PhotoNotBound(Conflict):
    """No photo was bound to this application, or the one at hand is another."""

    code = "photo-not-bound"
    title = "This photo is not the one bound to the application"


class PhotoBoundElsewhere(Conflict):
    """A photo belongs to the application for which it was taken, and to no other."""

    code = "photo-bound-elsewhere"
    title = "This photo was taken for another application"


class SecondOfficerNeeded(BadInput):
    """A card is handed over, and an incident handled, by two different officers."""

    code = "second-officer-needed"
    title = "A second officer is needed"


class LookTwice(Conflict):
    """Somebody else has the same name and birth date: the officer confirms the address first."""

    code = "look-twice"
    title = "Another person has this name and birth date; confirm which one this is"


class WrongChip(Conflict):
    """The chip on the counter is not the one made for this person."""

    code = "wrong-chip"
    title = "The chip is not the one that was made for this card"


class SessionOver(Conflict):
    """A counter's session that ended or whose time is over does nothing more."""

    code = "session-over"
    title = "The session at the counter is over; begin again"


class TooLate(Conflict):
    """A deadline of the law has passed."""

    code = "too-late"
    title = "The time for this is over"
