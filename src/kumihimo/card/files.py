"""What a chip is made of: applications, and in each its files, PINs and keys with their rules.

All of it is data (`applications.py`, `carriers.py`); contents stand in the memory.
"""

import re
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Final

import attrs


class Role(Enum):
    """What a terminal proved to be, by a CV certificate and a signature over a challenge."""

    TERMINAL = "terminal"
    COUNTER = "counter"


# A security state is a PIN that was presented rightly (its fid) or a role that was proved.
State = int | Role
# Which states open something: any one of them does. None is free, the empty set never opens.
Opens = frozenset[State] | None
FREE: Final[Opens] = None
NEVER: Final[Opens] = frozenset()


def any_of(*states: State) -> Opens:
    """Return the rule that any one of these states opens."""
    return frozenset(states)


class Form(Enum):
    """What a PIN's new value may look like."""

    FOUR_DIGITS = re.compile(rb"[0-9]{4}")
    PASSWORD = re.compile(rb"[A-Z0-9]{6,16}")
    ERA_DAY = re.compile(rb"[0-9]{6}")
    CODE_A = re.compile(rb"[0-9]{12}")
    CODE_B = re.compile(rb"[0-9]{14}")

    def takes(self, value: bytes) -> bool:
        """Say whether a value has this form."""
        return self.value.fullmatch(value) is not None


@attrs.frozen
class File:
    """A transparent file."""

    fid: int
    read: Opens


@attrs.frozen
class Records:
    """A file of records, each a simple TLV (JICSAP 4.4.1)."""

    fid: int
    read: Opens


@attrs.frozen
class Pin:
    """A PIN with its counter. `change` is the instruction that a holder changes it with, if any.

    `kept_in` names another application's PIN where both are one (the next generation).
    """

    fid: int
    form: Form
    limit: int
    change: int | None = None
    kept_in: tuple[str, int] | None = None


@attrs.frozen
class Key:
    """A private key. `answers` is the one instruction that works with it."""

    fid: int
    use: Opens
    answers: int


@attrs.frozen
class Reference:
    """A public key that the chip checks certificates with; nobody reads it."""

    fid: int


Entry = File | Records | Pin | Key | Reference


@attrs.frozen
class Application:
    """One application (AP): its name in slots, its AID, what is in it.

    `default_key` is what P2 = 00 signs with. `session_key` is the status word that SET SESSION KEY
    gets, or None where secure messaging is offered.
    """

    name: str
    aid: bytes
    entries: Mapping[int, Entry]
    session_key: int | None
    default_key: int | None = None


def entries(these: Iterable[Entry]) -> dict[int, Entry]:
    """Index entries by fid."""
    return {entry.fid: entry for entry in these}


class KeyType(Enum):
    """What kind of key the holder's keys are."""

    RSA_2048 = "rsa-2048"
    P_384 = "p-384"


@attrs.frozen
class Card:
    """A carrier's profile: everything about a chip that is not one person's."""

    name: str
    label: str  # of the token, EF 0006 of the JPKI application
    applications: tuple[Application, ...]
    key_type: KeyType = KeyType.RSA_2048

    def application(self, name: str) -> Application | None:
        """Return an application by its name."""
        return next((found for found in self.applications if found.name == name), None)
