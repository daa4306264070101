"""The four secrets of a card (card_jpki 3.6) and the form of each. None is ever stored here."""

import re
from typing import Final, Literal, get_args

import attrs

from kumihimo.kernel.withheld import Withheld
from kumihimo.people.births import BirthDate
from kumihimo.rooms.cards.domain.refusals import BadPin

PinKind = Literal["sign", "auth", "register", "text"]
PIN_KINDS: Final[tuple[PinKind, ...]] = get_args(PinKind)
# 署名用, 利用者証明用, 住民基本台帳用, 券面事項入力補助用
TRIES: Final[dict[PinKind, int]] = {"sign": 5, "auth": 3, "register": 3, "text": 3}

_SIGN = re.compile(r"[A-Z0-9]{6,16}")
_FOUR = re.compile(r"[0-9]{4}")


@attrs.frozen(kw_only=True, repr=False)
class Pins:
    """What a holder typed, for the secrets that her card has."""

    values: dict[PinKind, Withheld[str]]

    @classmethod
    def parse(
        cls,
        typed: dict[PinKind, str],
        *,
        wanted: frozenset[PinKind],
        birth: BirthDate | None = None,
    ) -> "Pins":
        """Check the form of each secret that is wanted. Raises `BadPin`, naming which.

        Letters of the sign password are taken in capitals, as clients send them. The birth date
        of the holder is no PIN (our choice: it is printed on the card).
        """
        found: dict[PinKind, Withheld[str]] = {}
        for kind in sorted(wanted):
            value = typed.get(kind, "")
            found[kind] = Withheld(_sign(value) if kind == "sign" else _four(kind, value, birth))
        return cls(values=found)


def _sign(value: str) -> str:
    capital = value.upper()
    if not _SIGN.fullmatch(capital):
        raise BadPin("6 to 16 letters A to Z and digits", pointer="sign")
    if capital.isdigit() or capital.isalpha():
        raise BadPin("at least one letter and one digit", pointer="sign")
    return capital


def _four(kind: PinKind, value: str, birth: BirthDate | None) -> str:
    if not _FOUR.fullmatch(value):
        raise BadPin("four digits", pointer=kind)
    if birth is not None and value in _of_birth(birth):
        raise BadPin("a part of the birth date is no PIN: it stands on the card", pointer=kind)
    return value


def _of_birth(birth: BirthDate) -> frozenset[str]:
    year, month, day = birth.reveal()
    return frozenset({f"{year:04}", f"{month or 0:02}{day or 0:02}"})
