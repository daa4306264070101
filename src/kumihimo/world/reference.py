"""The world's data files as columns: towns, surnames, given names, names of foreign residents.

`data/SOURCES.md` names where each comes from and under which licence.
"""

from collections.abc import Sequence
from functools import cache
from importlib.resources import as_file, files
from typing import Final

import attrs
import numpy as np
import polars as pl

from kumihimo.world.streams import Floats

# Our choice: of the people of these surnames, the share that the register writes with the
# variant character. Offices that lack the character write the common one.
VARIANT_SHARES: Final = (
    ("高", "髙", 0.06),
    ("崎", "﨑", 0.05),
    ("吉", "𠮷", 0.03),
    ("桑", "桒", 0.01),
    ("橋", "𣘺", 0.005),
)
_MALE, _FEMALE = 1, 2
# Our choice: a quarter of the given names are those typical of the generation.
_POPULAR_SHARE: Final = 0.25
_OLD_STYLE: Final = {_MALE: "[夫雄男郎一二三司志之治]$", _FEMALE: "[子美江代枝]$"}
_OLD_STYLE_ENDS: Final = 1975
# Average size of a municipality by kind (thousands, rounded): what is left of a prefecture after
# its designated cities is shared out by these. Our choice.
_SIZES: Final = (("区", 423.0), ("市", 93.0), ("町", 14.0), ("村", 4.0))


@attrs.frozen
class Names:
    """Spellings with readings; `weights` are relative."""

    kanji: pl.Series
    kana: pl.Series
    weights: Floats


@attrs.frozen
class ForeignNames:
    """Names of one nationality: `alphabet`, `kanji` (empty where there is none), `kana`."""

    nationality: str
    weight: float
    family: pl.DataFrame
    male: pl.DataFrame
    female: pl.DataFrame


@cache
def towns() -> pl.DataFrame:
    """Return code, prefecture, city, postal_code, town, kana, chome; sorted by code."""
    columns = ["code", "prefecture", "city", "postal_code", "town", "kana", "chome"]
    frame = _read("towns.tsv.gz", columns)
    return frame.with_columns(pl.col("chome") == "1").sort("code", maintain_order=True)


@cache
def municipalities() -> pl.DataFrame:
    """Return code, prefecture, name, weight (thousands of people, our approximation)."""
    sizes = dict(_read("populations.tsv", None).select("place", "thousands").iter_rows())
    found = towns().unique("code", keep="first", maintain_order=True)
    kind = pl.coalesce(
        pl.when(pl.col("city").str.ends_with(end)).then(pl.lit(size)) for end, size in _SIZES
    )
    own = pl.col("city").replace_strict(sizes, default=None).cast(pl.Float64)
    frame = found.select(
        "code", "prefecture", name="city", own=own, share=pl.when(own.is_null()).then(kind)
    )
    total = pl.col("prefecture").replace_strict(sizes).cast(pl.Float64)
    rest = total - pl.col("own").sum().over("prefecture")
    weight = pl.col("own").fill_null(
        rest * pl.col("share") / pl.col("share").sum().over("prefecture")
    )
    return frame.select("code", "prefecture", "name", weight=weight)


@cache
def surnames() -> Names:
    """Return surnames by population, a share of some written with the variant character."""
    frame = _read("surnames.tsv.gz", ["kanji", "kana", "people"])
    frame = frame.with_columns(pl.col("people").cast(pl.Float64))
    parts = [frame]
    for common, variant, share in VARIANT_SHARES:
        has = pl.col("kanji").str.contains(common, literal=True)
        parts.append(
            frame.filter(has).with_columns(
                kanji=pl.col("kanji").str.replace_all(common, variant, literal=True),
                people=pl.col("people") * share,
            )
        )
    whole = pl.concat(parts)
    return Names(kanji=whole["kanji"], kana=whole["kana"], weights=whole["people"].to_numpy())


@cache
def generations() -> tuple[int, ...]:
    """Return the first birth years of the generations of given names, ascending."""
    return tuple(sorted(int(y) for y in _read("popular.tsv", None)["born_from"].unique()))


@cache
def given_names(generation: int, sex: int) -> Names:
    """Return the given names of a generation (a value of `generations()`) and sex (1 or 2)."""
    popular = _read("popular.tsv", None).filter(
        (pl.col("born_from") == str(generation)) & (pl.col("sex") == str(sex))
    )
    pool = _read("given.tsv.gz", ["sex", "kanji", "kana"]).filter(pl.col("sex") == str(sex))
    old = pool["kanji"].str.contains(_OLD_STYLE[sex]).to_numpy()
    favoured = old if generation < _OLD_STYLE_ENDS else ~old
    rare = np.where(favoured, 1.0, 0.05) / (np.arange(len(pool)) + 300.0)
    ranked = 1.0 / (np.arange(len(popular)) + 20.0)
    weights = np.concatenate(
        [
            _POPULAR_SHARE * ranked / ranked.sum(),
            (1 - _POPULAR_SHARE) * rare / rare.sum(),
        ]
    )
    whole = pl.concat([popular.select("kanji", "kana"), pool.select("kanji", "kana")])
    return Names(kanji=whole["kanji"], kana=whole["kana"], weights=weights)


@cache
def foreign_names() -> tuple[ForeignNames, ...]:
    """Return names by nationality (ISO 3166 alpha-3), in the order of the file."""
    frame = _read("foreign.tsv", None)
    return tuple(
        ForeignNames(
            nationality=str(part["nationality"][0]),
            weight=float(part["weight"][0]),
            family=part.filter(pl.col("part") == "family"),
            male=part.filter(pl.col("part") == "male"),
            female=part.filter(pl.col("part") == "female"),
        )
        for part in frame.partition_by("nationality", maintain_order=True)
    )


def read_table(name: str) -> pl.DataFrame:
    """Return a TSV file of `data/` that has a heading, all columns as text."""
    return _read(name, None)


def _read(name: str, columns: Sequence[str] | None) -> pl.DataFrame:
    with as_file(files("kumihimo.world") / "data" / name) as path:
        return pl.read_csv(
            path,
            separator="\t",
            has_header=columns is None,
            new_columns=columns,
            infer_schema=False,
            empty_string_is_null=False,
            quote_char=None,
        )
