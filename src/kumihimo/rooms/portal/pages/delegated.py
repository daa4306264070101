"""Delegations, and what was read by them, in the words of a language."""

from collections.abc import Sequence

import attrs

from kumihimo.kernel.clock import JST
from kumihimo.pages.engine import Language
from kumihimo.rooms.portal import wording
from kumihimo.rooms.portal.domain.delegations import Side
from kumihimo.rooms.portal.proxies import Mine
from kumihimo.rooms.portal.proxies_reading import Act


@attrs.frozen(kw_only=True)
class Shown:
    """A delegation in words."""

    part: str
    side: Side
    label: str
    purpose: str
    until: str
    state: str
    why: str


@attrs.frozen(kw_only=True)
class ShownAct:
    """Something that was read by a delegation, in words. `kind` tells it from an exchange."""

    act: str
    at: str
    purpose: str
    label: str
    side: Side
    kind: str = "proxy"


def shown(mine: Mine, language: Language) -> Shown:
    """Return a delegation as pages show it."""
    return Shown(
        part=mine.part,
        side=mine.side,
        label=mine.label,
        purpose=wording.purpose(mine.one.purpose).say(language),
        until=mine.one.until.isoformat(),
        state=mine.one.state,
        why=mine.one.why,
    )


def acts_shown(found: Sequence[Act], language: Language) -> list[ShownAct]:
    """Return acts as pages show them."""
    return [
        ShownAct(
            act=one.act,
            at=one.at.astimezone(JST).strftime("%Y-%m-%d %H:%M"),
            purpose=wording.purpose(one.purpose).say(language),
            label=one.label,
            side=one.side,
        )
        for one in found
    ]
