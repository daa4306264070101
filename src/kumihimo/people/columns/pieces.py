"""An address of the usual shape as pieces that repeat: head, lot and tail.

The head is what stands before the first digit, the tail building and room. Each piece is read once
for all rows that share it. A row of another shape, or with a piece that is not `usual` and could
read differently beside its neighbours, is read as a whole by the scalar form, and is only slower.
"""

from typing import Final

import polars as pl

from kumihimo.people.numerals import NUMERALS

DIGIT: Final = f"0-9{chr(0xFF10)}-{chr(0xFF19)}"
DASH: Final = f"{chr(0xFF0D)}\\-"
SPACE: Final = "\u3000 "
_LATIN: Final = f"A-Za-z{chr(0xFF21)}-{chr(0xFF3A)}{chr(0xFF41)}-{chr(0xFF5A)}"
# Characters that become one character each, whatever stands beside them: ideographs without
# compatibility forms, kana of full width.
WORD: Final = "々〇\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0002a6dfぁ-ゖァ-ヺー"
_USUAL: Final = f"^[{WORD}{_LATIN}{DIGIT}{DASH}{SPACE}]*$"

# What may not end a head: it could be read together with the digits that follow.
_OPEN_HEAD: Final = f"[{NUMERALS}{DASH}第]$|[線号][東西南北]$|^[{SPACE}]+$"
_JOINED: Final = f"(?:丁目|番地の?|番の?|の|[{DASH}])[{DIGIT}]{{1,9}}"
_LOT: Final = f"^[{DIGIT}]{{1,9}}(?:(?:{_JOINED})*(?:番地|番)?|(?:{_JOINED})+号)$"
# What may stand behind a lot: a space and a word, or a word of two kana or Latin letters or more.
_NO_WORD: Final = f"{DIGIT}{DASH}{SPACE}"
_TAIL: Final = (
    f"^(?:[{SPACE}]+(?:[^{_NO_WORD}{NUMERALS}号室棟館階丁番地のノ之先内付第]"
    f"[^{_NO_WORD}{NUMERALS}部のノ之]|第[^{_NO_WORD}])"
    f"|[ァ-ヴ]{{2}}|[{_LATIN}]{{2}}).*$|^$"
)
_ROOM: Final = f"^(.*[^{_NO_WORD}ー第{NUMERALS}])([{SPACE}]?[{DIGIT}]{{1,9}}(?:号室|号|室)?)$"


def pieces(texts: pl.Series) -> pl.DataFrame:
    """Return `head`, `lot` and `tail` of each text, in this order the text itself.

    Null where there is none; a tail may be "".
    """
    text, head, lot, rest = (pl.col(name) for name in ("text", "head", "lot", "rest"))
    return (
        texts.alias("text")
        .to_frame()
        .lazy()
        .with_columns(head=text.str.extract(f"^[^{DIGIT}]+", 0))
        .with_columns(rest=text.str.strip_prefix(head))
        .with_columns(lot=rest.str.extract(f"^[{DIGIT}丁目番地号の{DASH}]+", 0))
        .select("head", "lot", tail=rest.str.strip_prefix(lot))
        .collect(engine="streaming")
    )


def usual_head(head: pl.Expr) -> pl.Expr:
    """Say whether a head reads alike whatever digits follow."""
    return head.str.contains(_USUAL) & ~head.str.contains(_OPEN_HEAD)


def divide_tails(tails: pl.Series) -> pl.DataFrame:
    """Return `building` and `room` of tails, "" where none ends it; null where one is not usual."""
    tail = pl.col("tail")
    usual = tail.str.contains(_USUAL) & tail.str.contains(_TAIL)
    return (
        tails.alias("tail")
        .to_frame()
        .select(pl.when(usual).then(tail))
        .with_columns(
            room=pl.when(tail.is_not_null()).then(tail.str.extract(_ROOM, 2).fill_null(""))
        )
        .select(building=tail.str.strip_suffix(pl.col("room")), room="room")
    )


def read_lots(lots: pl.Series) -> pl.DataFrame:
    """Return `lot` and `lot_kind` of pieces that stand behind a head, as `people.lots` reads them.

    Null where one is not usual.
    """
    wide = {chr(0xFF10 + digit): str(digit) for digit in range(10)} | {chr(0xFF0D): "-"}
    lot = (
        pl.col("lot")
        .str.replace_many(wide)
        .str.replace_all("丁目|番地の?|番の?|の|号", "-")
        .str.strip_chars_end("-")
        .str.replace_all("(^|-)0+([0-9])", "${1}${2}")
    )
    unit = pl.col("lot").str.extract(f"^[{DIGIT}]+(丁目|番)", 1)
    kind = unit.replace_strict({"丁目": "chome", "番": "banchi"}, default="")
    usual = pl.when(pl.col("lot").str.contains(_LOT))
    return (
        lots.alias("lot")
        .to_frame()
        .select(usual.then(lot).alias("lot"), usual.then(kind.fill_null("")).alias("lot_kind"))
    )
