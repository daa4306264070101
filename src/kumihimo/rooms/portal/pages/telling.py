"""What a refusal means for a person at the portal: what happened, and what she can do."""

from typing import Final

from kumihimo.kernel.refusal import Refusal
from kumihimo.pages import furigana
from kumihimo.pages.engine import Language
from kumihimo.pages.forms import Problem
from kumihimo.rooms.portal import wording

HAPPENED: Final = "problem"
NEXT: Final = "next"
_NOT_FOUND: Final = 404


def told(refusal: Refusal, language: Language) -> Problem:
    """Return what the page says of a refusal. No text of the refusal itself is shown."""
    field = refusal.pointer if refusal.pointer.isidentifier() else ""
    names = (f"{refusal.code} {field}", refusal.code)
    name = next((one for one in names if wording.known(HAPPENED, one)), "bug")
    return _problem(refusal.code, name, language, field=field)


def told_otherwise(status: int, language: Language) -> Problem:
    """Return what the page says of what is no refusal of ours."""
    name = "no-page" if status == _NOT_FOUND else "bug"
    return _problem(f"http-{status}", name, language)


def _problem(code: str, name: str, language: Language, *, field: str = "") -> Problem:
    happened, then = (wording.said(kind, name).say(language) for kind in (HAPPENED, NEXT))
    if language == "furigana":
        happened, then = furigana.marked(happened), furigana.marked(then)
    return Problem(code, happened, then, field)
