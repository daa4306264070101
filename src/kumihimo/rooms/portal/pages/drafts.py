"""What she typed for her card to sign: in her visit until the card has signed it, and shown again till then."""

from typing import Final

import msgspec

from kumihimo.pages.forms import Form, texts
from kumihimo.pages.visits import Visit

_DRAFT: Final = "draft"  # in `kept`


class _Draft(msgspec.Struct, frozen=True, kw_only=True):
    at: str
    fields: dict[str, list[str]]


def keep(visit: Visit, at: str, form: Form) -> None:
    """Keep what was typed into the form at an address."""
    fields = {name: list(texts(form, name)) for name in form if name != "form_token"}
    visit.kept[_DRAFT] = msgspec.json.encode(_Draft(at=at, fields=fields)).decode()


def drop(visit: Visit) -> None:
    """Forget it: it is done, or the form is for something else now."""
    visit.kept.pop(_DRAFT, None)


def where(visit: Visit) -> str:
    """Return the address of the form that it was typed into, "" for none."""
    found = _of(visit)
    return "" if found is None else found.at


def shown(visit: Visit, at: str, typed: Form) -> Form:
    """Return what the form at an address shows: what was just typed, or else what waits for her card."""
    found = _of(visit)
    if typed or found is None or found.at != at:
        return typed
    return {name: list(values) for name, values in found.fields.items()}


def _of(visit: Visit) -> _Draft | None:
    kept = visit.kept.get(_DRAFT)
    return None if kept is None else msgspec.json.decode(kept, type=_Draft)
