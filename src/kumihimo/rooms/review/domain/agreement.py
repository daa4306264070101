"""How far two people who look at the same record agree, beyond what chance would give.

Cohen's kappa. First looks that change a link are all looked at again, of the others only one in
`REPEAT_ONE_IN`: each pair counts as many times as there are looks that it stands for (Horvitz and
Thompson), or the frequent agreement on "stays" would be left out.
"""

from collections.abc import Sequence

import attrs

from kumihimo.rooms.review.domain.answers import REPEAT_ONE_IN


@attrs.frozen
class Pairs:
    """How many items two people looked at with these effects; `drawn`: as blind repeats."""

    first: str
    second: str
    drawn: bool
    items: int

    @property
    def weight(self) -> int:
        """How many looks these pairs stand for."""
        return self.items * (REPEAT_ONE_IN if self.drawn else 1)


@attrs.frozen
class Agreement:
    """`pairs` were looked at by two; `kappa` is None where all said the same of everything."""

    pairs: int
    agreeing: int
    kappa: float | None


def agreement(pairs: Sequence[Pairs]) -> Agreement:
    """Return how far first and second looks agree."""
    return Agreement(
        pairs=sum(one.items for one in pairs),
        agreeing=sum(one.items for one in pairs if one.first == one.second),
        kappa=_kappa(pairs),
    )


def _kappa(pairs: Sequence[Pairs]) -> float | None:
    whole = sum(one.weight for one in pairs)
    if not whole:
        return None
    observed = sum(one.weight for one in pairs if one.first == one.second) / whole
    words = {word for one in pairs for word in (one.first, one.second)}
    chance = sum(
        sum(one.weight for one in pairs if one.first == word)
        * sum(one.weight for one in pairs if one.second == word)
        for word in words
    ) / (whole * whole)
    return (observed - chance) / (1.0 - chance) if chance < 1.0 else None
