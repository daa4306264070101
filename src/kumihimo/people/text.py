"""What a text about a person may contain, and the foldings every written form shares.

Refusals name a position and a reason, never the text.
"""

import re
import unicodedata

from kumihimo.kernel.refusal import BadInput

_VARIATION_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_SPACES = re.compile(r"\s+")

# The stand-alone voice marks decompose to a space and a mark under NFKC, which would tear
# the mark from its letter; the combining ones compose.
_VOICE_MARKS = {0x309B: "\u3099", 0x309C: "\u309a"}

# Code points that offices type for one and the same stroke. The long vowel mark U+30FC is a
# letter and stays out: who needs it as a dash says so (`addresses`).
_DASHES = dict.fromkeys(
    map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\u2500\u2501\ufe58\ufe63\uff0d"), "-"
)

# What systems write for a character outside their set. Also every private-use code point:
# two offices' 外字 at one code point are two glyphs.
UNREADABLE = re.compile("[●○◯■□〓?\ufffd\ue000-\uf8ff\U000f0000-\U0010ffff]")

# Letters and signs that most texts are made of, none of which is refused.
_ADMITTED = re.compile("[ \u3000-\u303dぁ-ゖァ-ヺー\u4e00-\u9fff!-~\uff01-\uff9f]*")

_REASONS = {
    "Cc": "a control character",
    "Cf": "an invisible formatting character",
    "Cs": "half of a surrogate pair",
    "Cn": "a code point that is no character",
    "Zl": "a line separator",
    "Zp": "a paragraph separator",
}
_FIRST_SUPPLEMENTARY_IDEOGRAPH = 0x20000
_LAST_SUPPLEMENTARY_IDEOGRAPH = 0x3FFFD


class BadText(BadInput):
    """A text about a person is empty, too long or holds what no register writes."""

    code = "bad-text"
    title = "The text is not one that a register can hold"


def admit(text: str, *, what: str, limit: int) -> str:
    """Return `text` unchanged if a register may hold it as written.

    `what` is the attribute's public name for the message; `limit` is in code points. Raises
    `BadText` for an empty text, one that is too long, and control, invisible or surrogate
    characters, by position.
    """
    if len(text) > limit:
        raise BadText(f"{what}: at most {limit} characters, {len(text)} were given")
    if not text.strip():
        raise BadText(f"{what}: empty")
    if _ADMITTED.fullmatch(text):
        return text
    for position, character in enumerate(text, start=1):
        reason = _REASONS.get(unicodedata.category(character))
        if reason is not None and not _may_be_a_newer_ideograph(character):
            raise BadText(f"{what}: {reason} at position {position}")
    return text


def compatible(text: str) -> str:
    """Return NFKC without variation selectors and with one code point per dash."""
    bare = _VARIATION_SELECTORS.sub("", text.translate(_VOICE_MARKS))
    return unicodedata.normalize("NFKC", bare.translate(_DASHES)).translate(_DASHES)


def without_spaces(text: str) -> str:
    """Return the text with every kind of space removed."""
    return _SPACES.sub("", text)


def is_unreadable(text: str) -> bool:
    """Say whether a character was lost on the way (●, 〓, U+FFFD, a private 外字)."""
    return UNREADABLE.search(unicodedata.normalize("NFKC", text)) is not None


def _may_be_a_newer_ideograph(character: str) -> bool:
    # The interpreter's Unicode tables are older than the newest ideograph extensions.
    point = ord(character)
    return _FIRST_SUPPLEMENTARY_IDEOGRAPH <= point <= _LAST_SUPPLEMENTARY_IDEOGRAPH
