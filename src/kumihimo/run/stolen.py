"""What a thief of databases can do: look for any value that two dumps share and that names people.

He has both dumps whole. Every token that could name anything (an id, a code, a keyed tag, a number)
is taken out of each, and he joins where they agree. So that "nothing" means something, the same is
done with dumps in which a number that all offices know stands where each office's own code stood.
"""

import re
from collections.abc import Mapping
from typing import Final

import attrs

from kumihimo.kernel.ids import id_of

# Hexadecimal of 16 bytes and more, ids of 22 characters, numbers of ten digits and more, and ids as
# PostgreSQL's `uuid` writes them.
_TOKEN: Final = re.compile(
    rb"\\x([0-9a-f]{32,})|(?<![\w-])([A-Za-z0-9_-]{22})(?![\w-])|(?<!\w)(\d{10,})(?!\w)"
    rb"|'([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})'"
)
# The tables whose every row is about one person.
_OF_PEOPLE: Final = re.compile(
    rb"^INSERT INTO public\.(?:person|addressee|vault|acquisition|case_file|copy|resident\w*"
    rb"|individual_number|record|record_end|session|application|photo|card|card_\w+|counter_session"
    rb"|certificate_order|incident|issuance|intent|certificate|holder|status_event|dropped_order"
    rb"|verifier_certificate|verifier_user|verification|lookup) .*$",
    re.MULTILINE,
)


@attrs.frozen
class Loot:
    """A dump as the thief sorts it: all its tokens, and those that stand in a row about a person."""

    everything: frozenset[bytes]
    people: frozenset[bytes]


@attrs.frozen
class Joined:
    """What came of joining two dumps: tokens compared, shared, and shared that name a person."""

    compared: int
    shared: int
    naming: int


def loot(dump: bytes) -> Loot:
    """Take everything out of a dump that could be joined by."""
    people = _tokens(b"\n".join(_OF_PEOPLE.findall(dump)))
    return Loot(people | _tokens(_OF_PEOPLE.sub(b"", dump)), people)


def _tokens(text: bytes) -> frozenset[bytes]:
    return frozenset(_token(*found) for found in _TOKEN.findall(text))


def _token(*found: bytes) -> bytes:
    """Return a token however it is written: one id has two forms, and he knows both."""
    *plain, uuid = found
    if uuid:
        return id_of(bytes.fromhex(uuid.replace(b"-", b"").decode())).encode()
    return b"".join(plain)


def join(left: Loot, right: Loot) -> Joined:
    """Join two dumps by every token."""
    return Joined(
        compared=len(left.everything) + len(right.everything),
        shared=len(left.everything & right.everything),
        # A token that names a person in both: only by it could the two rows be laid together.
        naming=len(left.people & right.people),
    )


def held(of: Loot, numbers: Mapping[bytes, str]) -> dict[bytes, str]:
    """Return those of some codes, with their persons' numbers, that were there when it was stolen."""
    return {code: number for code, number in numbers.items() if code.hex().encode() in of.people}


def with_common_number(of: Loot, numbers: Mapping[bytes, str]) -> Loot:
    """Return the loot as it would be, did offices call a person by one number and not by a code.

    `numbers` gives each code's person's number, of ten digits or more.
    """
    called = {code.hex().encode(): number.encode() for code, number in numbers.items()}

    def call(tokens: frozenset[bytes]) -> frozenset[bytes]:
        return frozenset(called.get(token, token) for token in tokens)

    return Loot(call(of.everything), call(of.people))
