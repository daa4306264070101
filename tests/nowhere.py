"""That a value stands nowhere, said only where it cannot stand by chance.

Dumps, pages and cookies are full of what was drawn at random, in hex or in base64. Four digits are
in it once in a while, and a test that looks for four digits fails once in a while.
"""

import re

CHANCE_MAX = 1e-6
_HEX = re.compile("[0-9a-f]*|[0-9A-F]*")
_BASE64 = re.compile("[A-Za-z0-9+/=_-]*")
_BESIDE = r"[\w+/-]"  # what stands beside it inside something drawn, and also inside a longer word


def _text(value):
    return value.decode("latin-1") if isinstance(value, bytes) else value


def by_chance(value, place):
    """Return how often a value stands in a place that is all hex or all base64, at most."""
    text = _text(value)
    letters = 16 if _HEX.fullmatch(text) else 64 if _BASE64.fullmatch(text) else 0
    return len(place) * letters ** -len(text) if letters else 0.0


def nowhere(value, place):
    """Tell whether a text or bytes are not in a place; refuses what may be there by chance."""
    assert by_chance(value, place) < CHANCE_MAX, "so short a value may stand there by chance"
    return value not in place


def nowhere_by_itself(value, place):
    """Tell whether no word of a place is this value, however short; longer words are not looked at."""
    found = f"(?<!{_BESIDE}){re.escape(_text(value))}(?!{_BESIDE})"
    return not re.search(found, _text(place), re.ASCII)
