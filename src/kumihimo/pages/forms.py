"""What a form of a page brings: its fields, and what the page says when they cannot be used."""

import unicodedata
from collections.abc import Mapping
from typing import Any

import attrs
from litestar import Request
from litestar.datastructures import UploadFile

from kumihimo.kernel.refusal import NotAuthentic
from kumihimo.pages.engine import Language

Said = tuple[str, str, str, str]
"""What happened (Japanese, English), what comes next (Japanese, English)."""
SaidEasily = tuple[str, str, str, str, str, str]
"""The same, then both in やさしい日本語: of pages that are for everybody."""
Asked = Request[Any, Any, Any]
Form = Mapping[str, list[str | bytes]]


@attrs.frozen
class Problem:
    """What the page says above the form."""

    code: str
    text: str
    next: str = ""
    field: str = ""

    @classmethod
    def said(
        cls, code: str, said: Said | SaidEasily, language: Language, *, field: str = ""
    ) -> "Problem":
        """Return a problem in the page's language."""
        asked = {"en": (said[1], said[3]), "easy": said[4:]}.get(language)
        happened, then = asked or (said[0], said[2])
        return cls(code, happened, then, field)


async def read(request: Asked, form_token: str) -> dict[str, list[str | bytes]]:
    """Return a form's fields; raises `NotAuthentic` unless it is of a page of this session."""
    sent = await request.form()
    found: dict[str, list[str | bytes]] = {}
    for name, value in sent.multi_items():
        whole = await value.read() if isinstance(value, UploadFile) else str(value)
        found.setdefault(name, []).append(whole)
    if text(found, "form_token") != form_token:
        raise NotAuthentic("the form is of another session")
    return found


def text(form: Form, name: str) -> str:
    """Return a field as text, "" where it was left out."""
    first = form.get(name, [""])[0]
    return first.strip() if isinstance(first, str) else ""


def digits(form: Form, name: str) -> str:
    """Return a field of digits as it was meant: full-width ones and blanks between them are no mistake."""
    return "".join(unicodedata.normalize("NFKC", text(form, name)).split())


def texts(form: Form, name: str) -> tuple[str, ...]:
    """Return every value of a field."""
    return tuple(value for value in form.get(name, []) if isinstance(value, str))
