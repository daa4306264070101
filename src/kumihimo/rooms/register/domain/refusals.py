"""What register refuses, by name. A refused event takes its whole batch with it."""

from kumihimo.kernel.refusal import BadInput, Conflict, NotFound, Refusal


class UnknownResident(NotFound):
    """Also for a resident of another municipality: who may not write learns nothing."""

    code = "unknown-resident"
    title = "No such resident of yours"


class BadEvent(BadInput):
    """An attribute is missing, one too many is given, or one is not well formed."""

    code = "bad-event"
    title = "The event does not have the attributes of its kind"


class FutureEvent(BadInput):
    """The event has not happened yet: plans are not entered in a register of facts."""

    code = "future-event"
    title = "The event lies in the future"


class TwoOfficersNeeded(BadInput):
    """A correction ex officio names two different officers and a reason."""

    code = "two-officers-needed"
    title = "A correction needs two different officers and a reason"


class AlreadyRegistered(Conflict):
    """A second beginning for a resident code that is or was somebody's."""

    code = "already-registered"
    title = "This resident code is or was already in use"


class ContradictsState(Conflict):
    """The person's standing on that day does not allow the event: a dead person does not move."""

    code = "contradicts-state"
    title = "The event contradicts what is recorded of that day"


class EventIdReused(Conflict):
    """The same event id with another content."""

    code = "event-id-reused"
    title = "This event id stands for another event"


class NoNumberYet(Conflict):
    """A number cannot be changed, or a code acquired, before one was designated."""

    code = "no-number-yet"
    title = "No number has been designated for this resident"


class NumbersExhausted(Conflict):
    """A resident code gives ten numbers; past that the code itself must be changed first."""

    code = "numbers-exhausted"
    title = "This resident code can give no further number"


class InquiryIdReused(Conflict):
    """The same inquiry id of one office with another content."""

    code = "inquiry-id-reused"
    title = "This inquiry id stands for another inquiry"


def at(refusal: Refusal, place: str) -> Refusal:
    """Return the refusal pointing at a member of a batch; a pointer it has goes behind."""
    refusal.pointer = f"{place}.{refusal.pointer}" if refusal.pointer else place
    return refusal
