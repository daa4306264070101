"""Canonical columns and keyed hashes: what two sides are compared by.

A hash is BLAKE3 over key and text, cut to 64 bits: fixed width joins ten times faster than text, and
without the key, which lies outside the audit, nobody finds a name by hashing all names. Two texts
that differ share a hash once in 2**64; text is compared again only where hashes differ.
"""

import base64
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import attrs
import numpy as np
import polars as pl
import polars_hash as plh
from numpy.typing import NDArray

from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.keys import load_master, new_master, save_master
from kumihimo.kernel.withheld import Withheld
from kumihimo.linkaudit.schema import SNAPSHOT
from kumihimo.people.addresses import ADDRESS_FORM_VERSION
from kumihimo.people.columns.addresses import address_columns
from kumihimo.people.columns.births import birth_days, sexes
from kumihimo.people.columns.names import canonical_kanas, canonical_names
from kumihimo.people.kana import KANA_FORM_VERSION
from kumihimo.people.names import NAME_FORM_VERSION

# What was judged under other forms is judged anew.
FORMS: Final = (
    f"name {NAME_FORM_VERSION}, kana {KANA_FORM_VERSION}, address {ADDRESS_FORM_VERSION}, place 2"
)

# Hashes of different kinds of text never meet. Names and readings do: a foreign resident's kana
# stands in either column.
GIVEN: Final = r"^[\s\u3000]*[^\s\u3000]+[\s\u3000]+(.+?)[\s\u3000]*$"
_NAME: Final = "n"
_PLACE: Final = "p"
_HOUSEHOLD: Final = "h"
_HEX_DIGITS: Final = 16  # of 64: 64 bits

# The register's side in fixed-width columns (persons), one line a person. 0: it holds none. `day` is
# year, month and day of birth as one decimal number, 00 for a part that is unknown; `place` is the
# hash of city, town and lot.
INDEX: Final = {
    "number": pl.Int64,
    "day": pl.Int32,
    "sex_code": pl.Int8,
    "name_hash": pl.UInt64,
    "kana_hash": pl.UInt64,
    "place": pl.UInt64,
    "household_hash": pl.UInt64,
}
# What tells two addresses of one place apart: "" where the address has none, null where there is no
# address that can be read.
DETAILS: Final = dict.fromkeys(("prefecture", "lot_kind", "building", "room"), pl.String)
# And with the texts that are compared, as written.
TEXTS: Final = {
    name: kind
    for name, kind in SNAPSHOT.items()
    if name not in {"number", "birth", "sex", "household", "standing"}
}
REGISTER: Final = {**INDEX, **TEXTS, **DETAILS}
# Of a person's line, as it was written.
PRINT: Final = {"print": pl.UInt64}
# What of it lies apart from the `INDEX`: a run that asks for addresses or keys alone reads no more.
APART: Final = (
    (*PRINT, *(name for name in TEXTS if name != "address")),
    ("address",),
    tuple(DETAILS),
)
# Odd constants and a shift that mix the hashes of a row's columns.
_ODD: Final = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD1B54A32D192ED03))
_SHIFT: Final = np.uint64(29)
_NULL: Final = 0x5851F42D  # fits every kind of integer but the small ones, which are never null
# Other names that the register records of a person (persons): hashes.
ALSO: Final = {"number": pl.Int64, "hash": pl.UInt64}


@attrs.frozen
class Hasher:
    """Hashes texts under the audit's key. Prints nothing of it."""

    _prefix: Withheld[str]

    @classmethod
    def load(cls, path: Path) -> "Hasher":
        """Read the key file. Raises `KeyFileUnsafe` (missing, malformed, open to others)."""
        secret = hashlib.blake2b(load_master(path).reveal(), digest_size=24, person=b"linkaudit")
        # 32 characters: key and most texts fit one block of the hash.
        return cls(Withheld(base64.b64encode(secret.digest()).decode()))

    def names(self, canonical: pl.Series) -> pl.Series:
        """Hash canonical names or readings (UInt64; 0 for null and "")."""
        return self._hashed(_NAME, canonical)

    def places(self, cores: pl.Series) -> pl.Series:
        """Hash cores of addresses (UInt64; 0 for null and "")."""
        return self._hashed(_PLACE, cores)

    def households(self, written: pl.Series) -> pl.Series:
        """Hash household ids as written (UInt64; 0 for null and "")."""
        return self._hashed(_HOUSEHOLD, written)

    def _hashed(self, kind: str, texts: pl.Series) -> pl.Series:
        text = pl.col("text")
        keyed = plh.concat_str(pl.lit(self._prefix.reveal() + kind), text).chash.blake3()
        cut = keyed.str.slice(0, _HEX_DIGITS).str.to_integer(base=16, dtype=pl.UInt64)
        told = text.is_null() | (text == "")
        frame = texts.cast(pl.String).rename("text").to_frame()
        return frame.select(pl.when(told).then(pl.lit(0, pl.UInt64)).otherwise(cut)).to_series()


def make_key(path: Path, entropy: Entropy) -> bool:
    """Make the key file where it is absent, for its owner only; say whether it was made."""
    if path.exists():
        return False
    save_master(path, new_master(entropy))
    return True


def register_columns(snapshot: pl.DataFrame, hasher: Hasher) -> pl.DataFrame:
    """Return `REGISTER` for a `SNAPSHOT`, in its order."""
    snapshot = snapshot.rechunk()
    parts = address_columns(snapshot["address"].cast(pl.String))
    return snapshot.with_columns(
        pl.col("number").cast(pl.Int64),
        day=read_births(snapshot["birth"]),
        sex_code=read_sexes(snapshot["sex"]),
        name_hash=hasher.names(canonical_names(snapshot["name"])),
        kana_hash=hasher.names(canonical_kanas(snapshot["kana"])),
        place=hash_places(parts, hasher),
        household_hash=hasher.households(snapshot["household"]),
        **{name: parts[name] for name in DETAILS},
    ).select(list(REGISTER))


def also_named(register: pl.DataFrame, hasher: Hasher) -> pl.DataFrame:
    """Return `ALSO` for `REGISTER`: aliases, the other script, the former surname with the given."""
    given = [pl.col(x).str.extract(GIVEN) for x in ("name", "kana")]
    recorded = pl.col("alias", "kanji", "former_surname", "alias_kana", "former_surname_kana")
    whole = register.filter(pl.any_horizontal(recorded.is_not_null())).select(
        "number",
        "alias",
        "kanji",
        pl.concat_str("former_surname", given[0]).alias("former"),
        "alias_kana",
        pl.concat_str("former_surname_kana", given[1]).alias("former_kana"),
    )
    found = [
        _also(whole.select("number", text=name).drop_nulls(), form, hasher)
        for form, columns in (
            (canonical_names, ("alias", "kanji", "former")),
            (canonical_kanas, ("alias_kana", "former_kana")),
        )
        for name in columns
    ]
    return pl.concat(found)


def also_before(history: pl.DataFrame, hasher: Hasher) -> pl.DataFrame:
    """Return `ALSO` for the names and readings of a `HISTORY` (number Int64)."""
    parts: list[pl.DataFrame] = []
    for name, form in (("name", canonical_names), ("kana", canonical_kanas)):
        lines = history.filter(pl.col("attribute") == name)
        parts.append(_also(lines.select("number", text="value"), form, hasher))
    return pl.concat(parts)


def _also(
    named: pl.DataFrame, form: Callable[[pl.Series], pl.Series], hasher: Hasher
) -> pl.DataFrame:
    hashes = hasher.names(form(named["text"]))
    return pl.DataFrame({"number": named["number"], "hash": hashes}, schema=ALSO)


def fingerprints(table: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """Return a 64-bit fingerprint of each row as written: to tell what changed, not to hide it."""
    prints = np.zeros(len(table), np.uint64)
    for name in columns:
        prints = (prints ^ _told(table[name])) * _ODD[0]
        prints ^= prints >> _SHIFT
    prints *= _ODD[1]
    return pl.Series("print", prints ^ (prints >> _SHIFT))


def _told(column: pl.Series) -> NDArray[np.uint64]:
    """Return 64 bits for what each cell of a column says."""
    if not column.dtype.is_integer():
        texts = column.cast(pl.String).rename("text").to_frame()
        column = texts.select(plh.col("text").nchash.xxh3_64()).to_series()
    return column.fill_null(_NULL).to_numpy().astype(np.uint64, copy=False)


def read_births(written: pl.Series) -> pl.Series:
    """Return dates as 19900401, 00 for an unknown part, 0 where there is none (Int32)."""
    return birth_days(written.cast(pl.String)).fill_null(0).alias("birth")


def read_sexes(written: pl.Series) -> pl.Series:
    """Return 1, 2, or 0 where there is none (Int8)."""
    read = sexes(written.cast(pl.String))
    return read.replace({"": "0"}).fill_null("0").cast(pl.Int8).alias("sex")


def hash_places(parts: pl.DataFrame, hasher: Hasher) -> pl.Series:
    """Return a hash of city, town and lot of `PARTS` (UInt64), 0 where no lot is written."""
    place = pl.concat_str("city", "town", pl.lit("\n"), "lot")
    places = parts.select(pl.when(pl.col("lot") != "").then(place).alias("place")).to_series()
    return hasher.places(places)
