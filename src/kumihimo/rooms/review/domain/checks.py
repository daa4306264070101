"""What a link that the gateway's regular check found is worth, and what becomes of it at the desk."""

from collections.abc import Mapping
from enum import StrEnum, unique
from typing import Final

import attrs

AUDIT: Final = "audit"
CHECK: Final = "check"  # where an item comes from
MECHANISM: Final = "mismatch"  # a check says that a link does not fit, and not how it went wrong
MINUTES: Final = 2.0  # our choice: as long as a record takes of which the audit holds both sides


@attrs.frozen(kw_only=True)
class Suspicion:
    """How much a verdict of register says against a link. `odds`: log10, for a mis-link.

    Our choice: nobody has counted how many of each turned out to be mis-links.
    """

    verdict: str
    odds: float
    ja: str
    en: str


SUSPICIONS: Final[Mapping[str, Suspicion]] = {
    "MISMATCH": Suspicion(
        verdict="mislink",
        odds=0.0,
        ja="毎月の照合で、この番号の人の氏名・生年月日・性別と合いませんでした。",
        en="The monthly check: the person of this number has another name, birth date or sex.",
    ),
    "NOT_FOUND": Suspicion(
        verdict="mislink",
        odds=1.0,
        ja="毎月の照合で、この番号の人が見つかりませんでした。",
        en="The monthly check: nobody has this number.",
    ),
    "DEAD": Suspicion(
        verdict="person",
        odds=-1.0,
        ja="毎月の照合で、この番号の人は亡くなっていました。",
        en="The monthly check: the person of this number is dead.",
    ),
    "MOVED": Suspicion(
        verdict="person",
        odds=-1.0,
        ja="毎月の照合で、住所が違い、読みと生年月日が同じ別人がいました。",
        en="The monthly check: another address, and somebody else has the same reading and birth date.",
    ),
}


@unique
class Taking(StrEnum):
    """What becomes of an item when the check finds its record."""

    ADD = "add"
    KEEP = "keep"  # stays as it is; that it was found is noted
    REFRESH = "refresh"  # waits on, under the newer run
    AGAIN = "again"  # a new round with what stands there now


@attrs.frozen(kw_only=True)
class Standing:
    """An item of the same record. `same`: it was found before with the same values.

    Neither waiting nor decided: it vanished or lapsed. `told`: the gateway has everything that was
    decided; `refused`: it did not do some of it.
    """

    waits: bool
    decided: bool
    source: str
    same: bool
    told: bool
    refused: bool


def taking(standing: Standing | None, *, doubted: bool) -> Taking:
    """Decide; `doubted`: the gateway holds the link suspended.

    What an audit found waits with both sides' values, of which a check knows one: it stays. What
    people have decided about the same values stays decided, unless the link is in doubt anew.
    """
    if standing is None:
        return Taking.ADD
    if standing.waits:
        if standing.source == AUDIT:
            return Taking.KEEP
        return Taking.REFRESH if standing.same else Taking.AGAIN
    if not standing.told:
        return Taking.KEEP
    stays = standing.decided and standing.same and not (doubted or standing.refused)
    return Taking.KEEP if stays else Taking.AGAIN
