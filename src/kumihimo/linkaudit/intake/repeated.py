"""Record ids that stand in two rows: the first stays, the others are listed.

Ids that ascend through the whole file are each there once, and nothing has to be looked for.
"""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import attrs
import numpy as np
import polars as pl

from kumihimo.linkaudit.folder import whole
from kumihimo.linkaudit.intake.passing import listed
from kumihimo.linkaudit.schema import Fault


@attrs.frozen
class Ids:
    """The first and last record id of a part of the file, where they ascend; None where not."""

    ends: tuple[str, str] | None

    @classmethod
    def of(cls, ids: pl.Series) -> "Ids":
        """Look at the record ids of a part that is not empty."""
        ascending = ids.null_count() == 0 and bool((ids[1:] > ids[:-1]).all())
        return cls((ids[0], ids[-1]) if ascending else None)


def ascend(parts: Sequence[Ids]) -> bool:
    """Say whether the ids ascend through all parts."""
    ends = [one.ends for one in parts]
    if any(one is None for one in ends):
        return False
    known = [one for one in ends if one is not None]
    return all(before[1] < after[0] for before, after in pairwise(known))


def take_out_repeated(parts: list[Path]) -> dict[str, pl.DataFrame]:
    """Take rows whose record id stood in an earlier row out of the parts.

    Returns them listed, by the name of the part.
    """
    twice = _twice(parts)
    if not len(twice):
        return {}
    # Two ids may share a hash: the texts decide.
    suspected = pl.col("record_id").hash().is_in(twice.implode())
    scan = pl.scan_parquet(parts).select("row", "record_id").filter(suspected)
    texts = scan.collect(engine="streaming").sort("row")
    later = texts.filter(~pl.col("record_id").is_first_distinct())["row"]
    found: dict[str, pl.DataFrame] = {}
    for part in parts:
        table = pl.read_parquet(part)
        again = table["row"].is_in(later.implode())
        if again.any():
            fault = {"column": pl.lit("record_id"), "fault": pl.lit(Fault.REPEATED)}
            found[part.name] = listed(table.filter(again).select("row", "record_id", **fault))
            with whole(part) as half:  # it may stand elsewhere too, as it was
                table.filter(~again).write_parquet(half, compression="lz4")
    return found


def _twice(parts: list[Path]) -> pl.Series:
    """Return the hashes of record ids that occur more than once; eight bytes a row are held."""
    sizes = [int(pl.scan_parquet(part).select(pl.len()).collect().item()) for part in parts]
    hashes = np.empty(sum(sizes), dtype=np.uint64)
    at = 0
    for part, size in zip(parts, sizes, strict=True):
        ids = pl.read_parquet(part, columns=["record_id"])["record_id"]
        hashes[at : at + size] = ids.hash().to_numpy()
        at += size
    hashes.sort()
    return pl.Series(np.unique(hashes[1:][hashes[1:] == hashes[:-1]]))
