"""What the rules of issue keep as data: reasons for a proxy, reasons for express issue."""

import csv
from functools import cache
from importlib.resources import files

import attrs


@attrs.frozen(kw_only=True)
class ProxyReason:
    """Why somebody else may receive a card: the paper that proves it, and the ages it is for."""

    reason: str
    japanese: str
    english: str
    paper: str
    age_from: int
    age_to: int
    legal_only: bool


@attrs.frozen(kw_only=True)
class ExpressReason:
    """Why a card is made within a week; `within_days` of the event (0: the reason has its own)."""

    reason: str
    japanese: str
    english: str
    within_days: int
    own_fault: bool


@cache
def proxy_reasons() -> dict[str, ProxyReason]:
    """Return the accepted reasons, in the order of the table."""
    return {
        row["reason"]: ProxyReason(
            reason=row["reason"],
            japanese=row["japanese"],
            english=row["english"],
            paper=row["paper"],
            age_from=int(row["age_from"] or 0),
            age_to=int(row["age_to"] or 999),
            legal_only=row["legal_only"] == "yes",
        )
        for row in _rows("proxies.tsv")
    }


@cache
def express_reasons() -> dict[str, ExpressReason]:
    """Return who may have a card within a week, in the order of the table."""
    return {
        row["reason"]: ExpressReason(
            reason=row["reason"],
            japanese=row["japanese"],
            english=row["english"],
            within_days=int(row["within_days"] or 0),
            own_fault=row["own_fault"] == "yes",
        )
        for row in _rows("express.tsv")
    }


def _rows(name: str) -> list[dict[str, str]]:
    text = (files("kumihimo.rooms.cards") / "data" / name).read_text("utf-8")
    return list(csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))
