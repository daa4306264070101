"""Patterns: one number for each combination of levels, the same in every audit."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kumihimo.linkaudit.schema import LEVELS, Others, Outcome

# The places of a pattern's number from the highest; a level's digit is its place in the enumeration.
PLACES: Final = (*((name, tuple(levels)) for name, levels in LEVELS), ("others", tuple(Others)))
SIZES: Final = tuple(len(levels) for _, levels in PLACES)
PATTERNS_MAX: Final = int(np.prod(SIZES))


def encode(codes: Mapping[str, NDArray[np.uint8]]) -> NDArray[np.int32]:
    """Return the pattern of each row from its codes, by name of the place."""
    columns = tuple(codes[name].astype(np.int64) for name, _ in PLACES)
    return np.ravel_multi_index(columns, SIZES).astype(np.int32)


def decode(patterns: NDArray[np.int32]) -> dict[str, NDArray[np.int64]]:
    """Return the codes of patterns, by name of the place."""
    columns = np.unravel_index(patterns.astype(np.int64), SIZES)
    return {name: column for (name, _), column in zip(PLACES, columns, strict=True)}


def level_names(patterns: NDArray[np.int32]) -> pl.DataFrame:
    """Return the levels of patterns as the words of `schema`, one column a place."""
    codes = decode(patterns)
    return pl.DataFrame(
        {
            name: pl.Series([str(level) for level in levels], dtype=pl.String).gather(
                pl.Series(codes[name])
            )
            for name, levels in PLACES
        }
    )


# A case is a pattern together with what the search found: what the mixture is about.
CASES_MAX: Final = PATTERNS_MAX * len(Outcome)


def cases(patterns: NDArray[np.int32], outcomes: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Return the case of each row."""
    return patterns * np.int32(len(Outcome)) + outcomes.astype(np.int32)


def patterns_of(found: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the pattern of each case."""
    return found // np.int32(len(Outcome))


def outcomes_of(found: NDArray[np.int32]) -> NDArray[np.uint8]:
    """Return what the search found of each case: its place in `Outcome`."""
    return (found % np.int32(len(Outcome))).astype(np.uint8)


def decode_cases(found: NDArray[np.int32]) -> dict[str, NDArray[np.int64]]:
    """Return the codes of cases, by name of the place and `outcome`."""
    return decode(patterns_of(found)) | {"outcome": outcomes_of(found).astype(np.int64)}
