"""What the desk refuses by name."""

from kumihimo.kernel.refusal import BadInput, Conflict


class NotYourItem(Conflict):
    """The reviewer does not hold the record any more: her time is over, or she never did."""

    code = "not-your-item"
    title = "This record is not in your hands; take the next one"


class TooLateToTakeBack(Conflict):
    """Somebody else has begun to look, or the decision was carried out."""

    code = "too-late-to-take-back"
    title = "This answer can no longer be taken back"


class NumberNeeded(BadInput):
    """The answer needs a number that is well formed, and not the one that is linked now."""

    code = "number-needed"
    title = "The number is not one that this record could carry"


class LoadedElsewhere(Conflict):
    """Another load of the same audit is bringing in its rows."""

    code = "loaded-elsewhere"
    title = "Somebody else is loading this audit; load it again, and what came in stays"


class BadAuditFolder(BadInput):
    """The audit's folder lacks a table, or one of its columns."""

    code = "bad-audit-folder"
    title = "This folder holds no finished audit"
