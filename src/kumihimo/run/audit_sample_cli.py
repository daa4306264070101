"""`kumihimo audit sample`: two Excel files of a small insurer to try the audit on; nobody is real."""

from pathlib import Path
from typing import Final

import polars as pl
import xlsxwriter

from kumihimo.kernel.refusal import Conflict
from kumihimo.world.audits.plan import AuditPlan, Planting
from kumihimo.world.audits.worlds import make_world

# What a small insurer calls its columns.
INSURER: Final = {
    "symbol": "記号", "record_id": "番号", "number": "個人番号", "name": "氏名（漢字）", "kana": "氏名（カナ）",
    "birth": "生年月日", "sex": "性別", "address": "住所", "household": "世帯番号",
    "bank": "金融機関コード", "branch": "支店コード", "kind": "預金種目", "account": "口座番号",
    "holder": "口座名義カナ",
}  # fmt: skip
REGISTER: Final = {
    "number": "個人番号", "name": "氏名", "kana": "フリガナ", "former_surname": "旧氏",
    "former_surname_kana": "旧氏カナ", "alias": "通称", "alias_kana": "通称カナ", "kanji": "漢字併記名",
    "birth": "生年月日", "sex": "性別", "address": "住所", "household": "世帯番号", "standing": "住民状態",
}  # fmt: skip
# More mis-links than any office has, so that two thousand rows show each kind: our choice.
PLANTING: Final = Planting(
    household=0.006, homonym=0.001, twin=0.001, random=0.003, one_digit=0.001, nobody=0.001, shift=0.004
)  # fmt: skip
_FAMILY_ACCOUNTS: Final = 0.02
_OTHERS_ACCOUNTS: Final = 0.001
_SHORT: Final = 3  # rows whose number a spreadsheet has taken the leading zeros of
_SYMBOL: Final = "1001"


def sample(*, out: Path, rows: int = 2_000, seed: int = 1) -> None:
    """試すための二つのExcelファイルを作る。 Make two Excel files to try the audit on.

    `insurer.xlsx` and `register.xlsx`, and `planted.csv`: which records carry another person's
    number. Test numbers and invented people only.

    Parameters
    ----------
    out
        書き出す先のフォルダ。 Folder to write to; must be empty or absent.
    rows
        機関の記録の数。 How many records the insurer has.
    seed
        もとになる数。 The same seed gives the same files.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise Conflict(f"{out}: not an empty folder", pointer="out")
    plan = AuditPlan(
        links=rows,
        seed=seed,
        planting=PLANTING,
        family_accounts=_FAMILY_ACCOUNTS,
        others_accounts=_OTHERS_ACCOUNTS,
    )
    world = make_world(plan)
    out.mkdir(parents=True, exist_ok=True)
    insurer = world["rows"].with_columns(symbol=pl.lit(_SYMBOL), affair=pl.lit(None, pl.String))
    zeros = pl.col("number").str.starts_with("0") & (
        pl.col("number").str.starts_with("0").cum_sum() <= _SHORT
    )
    insurer = insurer.with_columns(
        number=pl.when(zeros).then(pl.col("number").str.strip_chars_start("0")).otherwise("number")
    )
    parts = pl.col("account").str.split("-")
    bank = {name: parts.list.get(n) for n, name in enumerate(("bank", "branch", "kind", "account"))}
    insurer = insurer.with_columns(**bank)
    _write(out / "insurer.xlsx", insurer, INSURER, "令和8年度 被保険者一覧")
    _write(out / "register.xlsx", world["register"], REGISTER, "住民基本台帳 抽出")
    symbol = pl.format("{}-{}", pl.lit(_SYMBOL), "record_id")
    truth = world["truth"].select(record_id=symbol, mechanism="mechanism")
    (out / "planted.csv").write_text(truth.write_csv(), "utf-8")
    print(
        f"{out}: insurer.xlsx ({len(insurer):,} 行 rows), register.xlsx ({len(world['register']):,}), planted.csv"
    )


def _write(path: Path, table: pl.DataFrame, headings: dict[str, str], title: str) -> None:
    """Write a sheet as offices do: a title, an empty line, a heading, texts."""
    with xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet("一覧")  # pyright: ignore[reportUnknownMemberType]
        sheet.write_string(0, 0, title)
        for n, row in enumerate(
            [tuple(headings.values()), *table.select(list(headings)).rows()], start=2
        ):
            for m, cell in enumerate(row):
                if cell:
                    sheet.write_string(n, m, cell)
