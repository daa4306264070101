"""Why a row could not be judged, as sentences for whoever repairs the file."""

from typing import Final

import polars as pl

from kumihimo.linkaudit.reasons import Sentence
from kumihimo.linkaudit.schema import Fault

FAULTS: Final = {
    Fault.EMPTY: Sentence("必要な列が空です。", "A column that is required is empty."),
    Fault.NUMBER: Sentence(
        "番号が12桁の数字でないか、検査用数字が合いません。",
        "The number is not twelve digits, or its check digit is wrong.",
    ),
    Fault.UNREADABLE: Sentence(
        "読めない値です（文字コード、日付、コードのいずれか）。",
        "The value cannot be read: its encoding, date or code.",
    ),
    Fault.REPEATED: Sentence(
        "同じ記録番号の行が前にもあります。", "An earlier row has the same record id."
    ),
    Fault.WIDTH: Sentence(
        "列の数が見出しと違うか、引用符が閉じていません。",
        "The row has more or fewer columns than the heading, or a quotation mark is not closed.",
    ),
    Fault.ZEROS: Sentence(
        "番号の桁が足りません。表計算ソフトが先頭の0を消したおそれがあります（対応ファイルの pad = 12 で補えます）。",
        "The number has fewer digits; a spreadsheet may have taken its leading zeros"
        " (pad = 12 in the mapping gives them back).",
    ),
    Fault.ROUNDED: Sentence(
        "番号が 1.23E+11 の形で、下の桁が失われています。元のデータから取り直してください。",
        "The number stands as 1.23E+11 and its last digits are lost; export it anew.",
    ),
}  # fmt: skip


def with_reasons(bad: pl.DataFrame) -> pl.DataFrame:
    """Return `BAD_ROWS` with the reason in both languages."""
    codes = [str(fault) for fault in FAULTS]
    return bad.with_columns(
        reason_ja=pl.col("fault").replace_strict(
            codes, [one.ja for one in FAULTS.values()], return_dtype=pl.String
        ),
        reason_en=pl.col("fault").replace_strict(
            codes, [one.en for one in FAULTS.values()], return_dtype=pl.String
        ),
    )
