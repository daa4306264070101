"""A mapping file as text: TOML with what each key means, in plain Japanese, for people to edit."""

from collections.abc import Sequence
from itertools import chain
from typing import Final

from kumihimo.linkaudit.intake.mapping import COLUMNS, Layout, Side

_SIDES: Final[dict[Side, str]] = {
    "rows": "機関のファイル（点検する記録）",
    "snapshot": "住民登録側のファイル（住基の抽出）",
    "history": "住民登録側の履歴（前の氏名・住所）",
}
UNUSED_MAX: Final = 50  # our choice: what fits on a line that somebody reads
_SIGNS: Final = {",": '","', "\t": '"\\t"', ";": '";"', "|": '"|"'}
_MEANINGS: Final = {
    "record_id": "記録を見分ける番号。報告と事務システム用CSVにはこれだけが載る",
    "number": "個人番号（12桁）",
    "name": "氏名",
    "kana": "フリガナ",
    "birth": "生年月日",
    "sex": "性別",
    "address": "住所",
    "household": "世帯番号",
    "account": "口座（金融機関・支店・種目・番号）",
    "holder": "口座名義人（カナ）",
    "affair": "事務（行ごとに違うときだけ）",
    "former_surname": "旧氏",
    "former_surname_kana": "旧氏フリガナ",
    "alias": "通称",
    "alias_kana": "通称フリガナ",
    "kanji": "漢字併記名",
    "standing": "住民の状態（resident, moving, abroad, dead）",
    "attribute": "何の履歴か（name, address, …）",
    "value": "前の値",
}


def head_text(
    *, institution: str, affair: str, municipality: str, number_space: str, without: Sequence[str]
) -> str:
    """Return the part of a mapping that is of the institution and not of one file."""
    return f"""# 組紐 ひも付け誤り総点検：列の対応（docs/reference/audit-files.md に全項目の説明）
# このファイルに個人の情報は書かない。書いてよいのは列の名前と書き方だけ。

institution = {_quoted(institution)}  # 機関の名前。報告の表紙に載る
affair = {_quoted(affair)}  # 事務の名前。報告の表の行になる
municipality = {_quoted(municipality)}  # 市区町村の機関なら団体コード6桁。都道府県・市区町村が略された住所を補う
number_space = {_quoted(number_space)}  # official：本物の番号、test：試験用の番号
without = {_listed(without)}  # この制度が持たない項目（例：["sex"]）
required = ["number"]  # 空なら点検できない行として一覧に載せる列
"""


def side_text(side: Side, layout: Layout, *, kind: str, unused: Sequence[str] = ()) -> str:
    """Return the part of a mapping that is of one file of a `kind` (text, excel or parquet)."""
    lines = [f"\n# {_SIDES[side]}", f"[{side}]"]
    if kind == "text":
        lines += [
            f"encoding = {_quoted(layout.encoding)}  # utf-8 または cp932（Shift_JIS）",
            f"separator = {_SIGNS[layout.separator]}  # 区切り",
        ]
    if kind == "excel":
        lines.append(
            f'sheet = {_listed(layout.sheet)}  # シート。空なら先頭。["4月", "5月"] と並べてもよい'
        )
    if kind != "parquet":
        lines += [
            f"heading = {layout.heading}  # 見出しが終わる行。0 なら見出しなし",
            f"heading_lines = {layout.heading_lines}  # 見出しの行数。2 行なら「氏名/姓」のように / でつなぐ",
        ]
    lines += [
        f"dates = {_quoted(layout.dates)}  # 日付の形：written, gyymmdd（3450102）, yy-era（S450102）, mdy, dmy, serial",
        f"pad = {layout.pad}  # 12 にすると、失われた先頭の 0 を番号に補う。0 なら一覧に載せる",
        f"\n[{side}.columns]",
        '# 左がこちらの列、右がファイルの見出し。["姓", "名"] はつなげて読む。"#3" は 3 列目。',
    ]
    for ours in COLUMNS[side]:
        if ours in layout.columns:
            lines.append(f"{ours} = {_listed(layout.columns[ours])}  # {_MEANINGS[ours]}")
    if unused:
        lines.append(f"# 使わない列：{'、'.join(_one_line(name) for name in unused[:UNUSED_MAX])}")
    return "\n".join(lines) + "\n"


def unused_headings(layout: Layout, headings: Sequence[str]) -> list[str]:
    """Return the headings of columns that a layout does not read."""
    used = set(chain.from_iterable(listed(theirs) for theirs in layout.columns.values()))
    return [
        name
        for n, name in enumerate(headings, start=1)
        if not used & {name, f"#{n}"} and not name.startswith("#")
    ]


def listed(theirs: str | list[str]) -> list[str]:
    """Return the columns of theirs that make one of ours."""
    return [theirs] if isinstance(theirs, str) else theirs


def _one_line(text: str) -> str:
    return "".join(one for one in text if one.isprintable())


def _listed(value: str | Sequence[str]) -> str:
    if isinstance(value, str):
        return _quoted(value)
    return f"[{', '.join(_quoted(one) for one in value)}]"


def _quoted(text: str) -> str:
    """Return a TOML basic string; what does not print stands there in letters."""
    shown = (
        one if one.isprintable() and one not in '"\\' else f"\\U{ord(one):08x}" for one in text
    )
    return f'"{"".join(shown)}"'
