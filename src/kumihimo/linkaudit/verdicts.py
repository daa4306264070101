"""Verdicts: what pattern, search and neighbours say together of a record.

Agreement alone clears a record, by the rules of `settle`; no score does. A score only says which of
the records that agreement does not clear are suspected, and ranks them.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Final

import attrs
import numpy as np
from numpy.typing import NDArray

from kumihimo.linkaudit.evidence import among
from kumihimo.linkaudit.patterns import PATTERNS_MAX, cases, decode
from kumihimo.linkaudit.reasons import Reason
from kumihimo.linkaudit.residual import OUTCOMES
from kumihimo.linkaudit.schema import Mechanism, Others, Outcome, Verdict
from kumihimo.people.address_levels import SAME_LOT, AddressLevel
from kumihimo.people.birth_levels import BirthLevel, SexLevel
from kumihimo.people.levels import SAME_NAME, NameLevel

VERDICTS: Final = tuple(Verdict)
MECHANISMS: Final = tuple(Mechanism)
REASONS: Final = tuple(Reason)

# P(mis-link) from which a record that nothing clears is suspected though no true person was found.
SUSPECTED: Final = 0.9
_EVEN: Final = 0.5
ODDS_MAX: Final = 12.0  # log10: past it the model means no more than "sure"
# What a look costs, in minutes: our choice. A mis-link has to be told to a person and put right.
MINUTES: Final = {
    Verdict.CONFIRMED: 0.0,
    Verdict.NOTATIONAL: 0.0,
    Verdict.PERSON: 3.0,
    Verdict.MISLINK: 10.0,
}

_PROVEN: Final = {
    Outcome.HOUSEHOLD: (Mechanism.HOUSEHOLD, Reason.OTHER_MEMBER),
    Outcome.TWIN: (Mechanism.TWIN, Reason.TWIN),
    Outcome.HOMONYM: (Mechanism.HOMONYM, Reason.HOMONYM),
    Outcome.ELSEWHERE: (Mechanism.RANDOM, Reason.SOMEBODY_ELSE),
}


class Settled(IntEnum):
    """What agreement alone says of a pattern."""

    CONFIRMED = 0
    NOTATIONAL = 1
    IF_ALONE = 2  # cleared if nobody else of this birth date lives where the linked person does
    OPEN = 3


@attrs.frozen
class Rules:
    """`Settled` and the code of `Reason` for every pattern."""

    settled: NDArray[np.uint8]
    reasons: NDArray[np.uint8]


def settle() -> Rules:
    """Return what agreement says of every pattern. A row without name or birth date never clears."""
    codes = decode(np.arange(PATTERNS_MAX, dtype=np.int32))
    name, kana, birth, sex, address, others = codes.values()
    written = (NameLevel.EQUAL, NameLevel.CANONICAL)
    whole = among(name, *written)
    member = among(name, NameLevel.MEMBER)
    read = among(kana, *SAME_NAME)
    reads = read | among(kana, NameLevel.MISSING) | (member & among(kana, NameLevel.GIVEN))
    lost = among(name, NameLevel.WILDCARD) & among(kana, *written)
    born = among(birth, BirthLevel.EQUAL)
    sexed, sexless = among(sex, SexLevel.EQUAL), among(sex, SexLevel.MISSING)
    now = among(address, *SAME_LOT)
    former = among(address, AddressLevel.FORMER)
    here = now | former
    unique = among(others, Others.NOBODY)
    # Of two at one address with one reading the characters must tell them apart; with one name
    # nothing does.
    apart = unique | among(others, Others.ELSEWHERE) | (among(others, Others.READING) & whole)
    as_written = (
        among(name, NameLevel.EQUAL)
        & among(kana, NameLevel.EQUAL, NameLevel.MISSING)
        & among(address, AddressLevel.EQUAL)
    )
    base = born & apart & here
    known = born & unique & ~here & (whole | (member & read))
    renamed = among(name, NameLevel.GIVEN) & among(kana, NameLevel.GIVEN, NameLevel.MISSING)
    cleared = (
        (base & sexed & as_written, Settled.CONFIRMED, Reason.AGREE),
        (base & sexed & whole & reads & now, Settled.NOTATIONAL, Reason.NOTATION),
        (base & sexed & whole & reads & former, Settled.NOTATIONAL, Reason.FORMER_ADDRESS),
        (base & sexed & member & reads, Settled.NOTATIONAL, Reason.MEMBER),
        (base & sexless & (whole | member) & reads, Settled.NOTATIONAL, Reason.NO_SEX),
        (born & unique & lost & (sexed | (sexless & here)), Settled.NOTATIONAL, Reason.LOST),
        (base & sexed & (whole | member) & ~reads, Settled.NOTATIONAL, Reason.READING),
        (
            known & ((sexed & reads) | (sexless & read)) & ~among(address, AddressLevel.MISSING),
            Settled.NOTATIONAL,
            Reason.MOVED,
        ),
        (known & ((sexed & reads) | (sexless & read)), Settled.NOTATIONAL, Reason.NO_ADDRESS),
        (born & sexed & now & renamed, Settled.IF_ALONE, Reason.SURNAME),
    )
    open_ = _open_reasons(codes)
    conditions = [condition for condition, _, _ in cleared]
    return Rules(
        _chosen(conditions, [s for _, s, _ in cleared], Settled.OPEN),
        _chosen(
            conditions + [c for c, _ in open_],
            [REASONS.index(r) for _, _, r in cleared] + [REASONS.index(r) for _, r in open_],
            REASONS.index(Reason.SEVERAL),
        ),
    )


def _open_reasons(
    codes: dict[str, NDArray[np.int64]],
) -> list[tuple[NDArray[np.bool_], Reason]]:
    """Return the first thing that has to be looked at, in the order of what it weighs."""
    name, kana, birth, sex, _, others = codes.values()
    return [
        (among(others, Others.NO_PERSON), Reason.NOBODYS),
        (among(name, NameLevel.MISSING), Reason.NAME_MISSING),
        (among(birth, BirthLevel.MISSING), Reason.BIRTH_MISSING),
        (among(birth, BirthLevel.DIFFERENT, BirthLevel.PART), Reason.BIRTH),
        (among(sex, SexLevel.DIFFERENT), Reason.SEX),
        (among(name, NameLevel.DIFFERENT), Reason.NAME),
        (among(name, NameLevel.SURNAME), Reason.GIVEN),
        (among(name, NameLevel.GIVEN), Reason.SURNAME),
        (among(birth, BirthLevel.ERA), Reason.BIRTH_ERA),
        (among(birth, BirthLevel.TURNED, BirthLevel.DIGITS), Reason.BIRTH_SWAPPED),
        (among(birth, BirthLevel.UNKNOWN), Reason.BIRTH_UNKNOWN),
        (among(name, NameLevel.WEAK), Reason.CONFUSABLE),
        (among(others, Others.READING, Others.NAME), Reason.NAMESAKE_HERE),
        (among(others, Others.ELSEWHERE), Reason.NAMESAKE),
        (among(kana, NameLevel.DIFFERENT, NameLevel.SURNAME, NameLevel.GIVEN), Reason.NAME),
    ]


@attrs.frozen
class Ruling:
    """Codes of `VERDICTS`, `MECHANISMS` and `REASONS`, odds (log10) and minutes, row by row."""

    verdicts: NDArray[np.uint8]
    mechanisms: NDArray[np.uint8]
    reasons: NDArray[np.uint8]
    odds: NDArray[np.float64]
    minutes: NDArray[np.float64]


@attrs.frozen
class Judgement:
    """What is known of each case after the mixture: P(match) and the likeliest of the others."""

    rules: Rules
    match: NDArray[np.float64]
    likeliest: NDArray[np.uint8]


def rule(
    patterns: NDArray[np.int32],
    outcomes: NDArray[np.uint8],
    runs: NDArray[np.int32],
    judgement: Judgement,
) -> Ruling:
    """Return the ruling on rows from their pattern, the search's outcome and their run (0: none)."""
    settled = judgement.rules.settled[patterns]
    case = cases(patterns, outcomes)
    match = judgement.match[case]
    proven = np.isin(outcomes, [OUTCOMES.index(outcome) for outcome in _PROVEN])
    alone = outcomes == OUTCOMES.index(Outcome.ALONE)
    contested = outcomes == OUTCOMES.index(Outcome.CONTESTED)
    cleared = (settled <= Settled.NOTATIONAL) | ((settled == Settled.IF_ALONE) & alone)
    nobodys = judgement.rules.reasons[patterns] == REASONS.index(Reason.NOBODYS)
    shifted = (runs > 0) & ~(cleared & ~proven)
    unlikely = ~cleared & ~contested & (1 - match >= SUSPECTED)
    conditions = [
        nobodys,
        shifted,
        *(outcomes == OUTCOMES.index(outcome) for outcome in _PROVEN),
        contested,
        unlikely,
        (settled == Settled.IF_ALONE) & alone,
    ]
    reasons = [Reason.NOBODYS, Reason.SHIFT, *(r for _, r in _PROVEN.values())]
    reasons += [Reason.CONTESTED, Reason.UNLIKELY, Reason.RENAMED]
    mechanisms = [Mechanism.RANDOM, Mechanism.SHIFT, *(m for m, _ in _PROVEN.values())]
    suspected = shifted | proven | nobodys | unlikely
    verdicts = _chosen(
        [suspected, ~cleared | contested, settled == Settled.CONFIRMED],
        [VERDICTS.index(v) for v in (Verdict.MISLINK, Verdict.PERSON, Verdict.CONFIRMED)],
        VERDICTS.index(Verdict.NOTATIONAL),
    )
    minutes = np.array([MINUTES[verdict] for verdict in VERDICTS])
    own = MECHANISMS.index(Mechanism.MATCH)
    likeliest = np.where(unlikely | (match < _EVEN), judgement.likeliest[case], np.uint8(own))
    return Ruling(
        verdicts=verdicts,
        mechanisms=_chosen(
            [*conditions[: len(mechanisms)], cleared],
            [*(MECHANISMS.index(m) for m in mechanisms), own],
            likeliest,
        ),
        reasons=_chosen(
            conditions, [REASONS.index(r) for r in reasons], judgement.rules.reasons[patterns]
        ),
        odds=_odds(match),
        minutes=minutes[verdicts],
    )


def _chosen(
    conditions: Sequence[NDArray[np.bool_]],
    codes: Sequence[int],
    default: int | NDArray[np.uint8],
) -> NDArray[np.uint8]:
    """Return the code of the first condition that holds, row by row."""
    return np.select(conditions, [np.uint8(code) for code in codes], default).astype(np.uint8)


def _odds(match: NDArray[np.float64]) -> NDArray[np.float64]:
    tiny = 10.0**-ODDS_MAX
    return np.log10(np.maximum(1 - match, tiny) / np.maximum(match, tiny))
