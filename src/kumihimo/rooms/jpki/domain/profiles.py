"""The kinds of certificates as data: `data/profiles.toml`, read once and strictly."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Final, Literal

import msgspec

from kumihimo.rooms.jpki.api import Ca
from kumihimo.rooms.jpki.domain.keys import KeyKind

ProfileName = Literal["sign", "auth", "authority", "ocsp"]
GenerationName = Literal["present", "next"]
Part = Literal["prefecture", "city", "id"]
ExtensionName = Literal[
    "key-usage",
    "extended-usage",
    "attributes",
    "policy",
    "ocsp",
    "municipal-point",
    "own-point",
    "authority-key",
    "key",
    "japanese-name",
    "basic-constraints",
    "no-check",
]


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of certificate: what its subject is made of, and its extensions in their order."""

    subject: tuple[Part, ...]
    key_usage: frozenset[str]
    extensions: tuple[ExtensionName, ...]
    extended_usage: tuple[str, ...] = ()
    policy: str = ""
    attributes: bool = False


class Generation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A generation of the card: its keys, and how long its certificates live."""

    key: KeyKind
    birthdays: int
    minor_birthdays: int
    renewal_months: int


class Profiles(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    organization: str
    operator: str
    points: str
    units: dict[Ca, str]
    japanese_name: str
    profile: dict[ProfileName, Profile]
    generation: dict[GenerationName, Generation]


@cache
def profiles() -> Profiles:
    """Return what stands in the file."""
    text = files("kumihimo.rooms.jpki").joinpath("data/profiles.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), Profiles)


AUTHORITY_YEARS: Final = 10
