"""JSON as it crosses a wall: of just the form asked for, or refused without a word of its values."""

import re
from typing import Final, TypeVar, cast

import msgspec

from kumihimo.kernel.refusal import BadInput

T = TypeVar("T")

_ESCAPED: Final = b"\\u0000"
# Escaped, and not the text of a backslash before it: pairs of those stand for themselves.
_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_PLACE: Final = re.compile(r"at `\$\.?([^`]*)`")


def whole(pattern: str) -> str:
    """Return the pattern of a form's text that is this and nothing more, in words that JSON Schema has, too.

    Its `$` is the end. Python's, by which forms are read, stands before a last line break as well.
    """
    return rf"^(?:{pattern})$(?!\n)"


def decode_strictly(body: bytes, form: type[T]) -> T:
    """Decode JSON of just this form. Raises `BadInput`, which tells the place and no value.

    A text with a NUL is refused as well: no database column of ours can hold one.
    """
    try:
        body.decode()  # also where a field stands that the form does not know
        value = msgspec.json.decode(body, type=form)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # Only the place is told: the decoder's own words may quote the value.
        place = _PLACE.search(str(error))
        detail = f"Check the form of: {place[1]}" if place else "The body is not the JSON asked for"
        raise BadInput(detail, pointer=place[1] if place else "") from None
    # To find no escaped NUL by the pattern takes twenty times as long as to decode.
    if _ESCAPED in body and _NUL.search(body):
        place = _nul_in(msgspec.to_builtins(value)) or ""
        raise BadInput("A text holds a NUL character", pointer=place)
    return value


def _nul_in(value: object, place: str = "") -> str | None:
    """Return where a text with a NUL stands, as the decoder writes a place; None if nowhere."""
    match value:
        case str():
            return place.removeprefix(".") if "\0" in value else None
        case dict():
            named = cast("dict[str, object]", value)
            members = [(f"{place}.{name}", member) for name, member in named.items()]
        case list() | tuple():
            numbered = enumerate(cast("list[object] | tuple[object, ...]", value))
            members = [(f"{place}[{index}]", member) for index, member in numbered]
        case _:
            return None
    return next((found for at, one in members if (found := _nul_in(one, at)) is not None), None)
