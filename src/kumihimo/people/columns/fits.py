"""Does a reading fit a name, over columns: `fits.fit` of each row, each distinct pair once."""

import polars as pl

from kumihimo.people.fits import Fit, fit

_COLUMNS = ["name", "kana"]


def fits(name: pl.Series, kana: pl.Series) -> pl.DataFrame:
    """Return `grade` and `failed` (the parts, by a space; "" where none) of each row, as String.

    A null counts as nothing written.
    """
    pairs = pl.DataFrame({"name": name.cast(pl.String), "kana": kana.cast(pl.String)}).select(
        pl.all().fill_null("")
    )
    distinct = pairs.unique()
    found = [_row(fit(*row)) for row in distinct.iter_rows()]
    told = pl.DataFrame(found, schema={"grade": pl.String, "failed": pl.String}, orient="row")
    known = pl.concat([distinct, told], how="horizontal")
    joined = pairs.join(known, on=_COLUMNS, how="left", maintain_order="left")
    return joined.drop(_COLUMNS)


def _row(found: Fit) -> tuple[str, str]:
    return found.grade.value, " ".join(found.failed)
