"""Small registers and files written by hand, for tests of the audit's stages."""

import polars as pl

from kumihimo.kernel.entropy import SeededEntropy
from kumihimo.kernel.withheld import Withheld
from kumihimo.linkaudit.canonical import Hasher, make_key
from kumihimo.linkaudit.schema import HISTORY, ROWS, SNAPSHOT

HASHER = Hasher(Withheld("a key of the tests".ljust(32)))
HOME = "北海道札幌市中央区北一条西2丁目LOT番4号"
PERSON = {
    "number": "000000000101",
    "name": "山田　花子",
    "kana": "ヤマダ　ハナコ",
    "birth": "1990-04-01",
    "sex": "2",
    "address": HOME,
    "household": "h1",
    "standing": "resident",
}


def person(**other):
    return PERSON | other


def snapshot(*people):
    return pl.DataFrame([dict.fromkeys(SNAPSHOT) | one for one in people], schema=SNAPSHOT)


def row_of(one, row=1, **other):
    """Return a row of an institution that writes a person as the register does."""
    taken = {name: one[name] for name in ("number", "name", "kana", "birth", "sex", "address")}
    return {"row": row, "record_id": f"r{row:04}", "affair": "pension"} | taken | other


def rows(*written):
    return pl.DataFrame([dict.fromkeys(ROWS) | one for one in written], schema=ROWS)


def history(*lines):
    return pl.DataFrame([dict(zip(HISTORY, line, strict=True)) for line in lines], schema=HISTORY)


def keyed(folder):
    """Return a key file in the folder, made where there is none."""
    make_key(folder / "key", SeededEntropy(1))
    return folder / "key"
