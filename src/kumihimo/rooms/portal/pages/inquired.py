"""That an office asked register about her, as pages say it: a day, and no hour."""

import attrs

from kumihimo.pages.engine import Language
from kumihimo.rooms.portal import inquired, wording
from kumihimo.rooms.register.api import OfficeAsked


@attrs.frozen(kw_only=True)
class Inquired:
    """One row of register's log. `result` names what came of it; `name` is what marks call it."""

    inquiry: str
    name: str
    on: str
    office: str
    affair: str
    result: str
    kind: str

    @property
    def at(self) -> str:
        """Where it stands among what has an hour: before all else of its day, the newest first."""
        return f"{self.on} 24:00"


def inquired_shown(asked: OfficeAsked, language: Language) -> Inquired:
    """Return a row in the words of a language."""
    result = result_of(asked)
    return Inquired(
        inquiry=asked.inquiry,
        name=inquired.name_of(asked),
        on=asked.on.isoformat(),
        office=wording.body(asked.office).say(language),
        affair=wording.affair(asked.affair).say(language),
        result=result,
        kind={"answered": "given", "refused": "refused"}.get(result, "other"),
    )


def result_of(asked: OfficeAsked) -> str:
    """Return what came of it, as the table of words calls it."""
    return "compared" if asked.compared else "answered" if asked.answered else "refused"
