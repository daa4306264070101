"""The strict inquiry: what is looked for, and when the answer is not silence.

In force since 2023-12-18: four attributes, or three in a scheme that by law keeps no sex; exactly
one living person answers, everything else is the same silence. An inquiry that cannot match (an
unreadable name, an unknown day, a missing sex, an affair that is none) is looked up like any
other, under a key that nobody has, so that it costs what the others cost.
"""

from collections.abc import Mapping
from datetime import date
from typing import Final

import attrs

from kumihimo.kernel.refusal import BadInput
from kumihimo.people.identity import FourAttributes, MatchKey, keys_before, match_key
from kumihimo.people.numbers import MunicipalityCode
from kumihimo.rooms.register.api import StrictInquiry

# Schemes that by law keep no sex. The one example that is public: 障害児入所支援, within 別表 item 8.
SEXLESS_AFFAIRS: Final[Mapping[str, str]] = {"b008": "児童福祉法 障害児入所給付費"}


@attrs.frozen(kw_only=True, repr=False)
class Asked:
    """What one inquiry looks for. An empty prefecture, municipality, kind or sex is not compared.

    `about` is the person whom it names, in one form for any notation; empty where it could name
    nobody. It stands also where the rule lets nothing be looked for: she can be told of that too.
    `before` is the same in older versions of the forms, under which older inquiries were logged.
    """

    name: str
    birth: date
    address: str
    prefecture: str = ""
    lot_kind: str = ""
    municipality: str = ""
    sex: str = ""
    about: bytes = b""
    before: tuple[bytes, ...] = ()


# Stored keys are never empty, so nobody has this one.
NOBODY: Final = Asked(name="", birth=date.min, address="")


def asked(inquiry: StrictInquiry, affairs: frozenset[str], *, earlier: bool = False) -> Asked:
    """Return what to look for: what `NOBODY` has where the rule allows no answer whoever exists.

    `before` is filled only with `earlier`: it costs more than all else, and only who looks for
    older inquiries needs it.
    """
    written = inquiry.attributes
    try:
        four = FourAttributes.parse(
            name=written.name, birth=written.birth, sex=written.sex, address=written.address
        )
        municipality = _municipality(written.municipality)
    except BadInput:
        return NOBODY
    key, day = match_key(four), four.birth.reveal_day()
    sexless = inquiry.sexless_scheme and inquiry.affair in SEXLESS_AFFAIRS
    right_count = (four.sex is None) == sexless and sexless == inquiry.sexless_scheme
    if key is None or day is None:
        return NOBODY
    about = _about(key)
    before = tuple(map(_about, keys_before(four))) if earlier else ()
    if not right_count or inquiry.affair not in affairs:
        return attrs.evolve(NOBODY, about=about, before=before)
    return Asked(
        name=key.name,
        birth=day,
        address=key.address,
        prefecture=key.prefecture,
        lot_kind=key.lot_kind,
        municipality=municipality,
        sex=four.sex.value if four.sex else "",
        about=about,
        before=before,
    )


def _about(key: MatchKey) -> bytes:
    return f"{key.name}\n{key.birth}\n{key.address}".encode()


def _municipality(text: str) -> str:
    return str(MunicipalityCode.parse(text)) if text else ""
