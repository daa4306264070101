"""The sections of counts: result, rates, mechanisms, collisions, quality, rows listed, limits."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import polars as pl

from kumihimo.linkaudit.intake.faults import FAULTS
from kumihimo.linkaudit.quantiles import Interval
from kumihimo.linkaudit.report import figures
from kumihimo.linkaudit.report.counting import WRONG, Counts
from kumihimo.linkaudit.report.parts import (
    HIDDEN,
    Section,
    number,
    per_cent,
    share,
    small,
    teller,
)
from kumihimo.linkaudit.report.words import (
    COLLISIONS,
    COLUMNS,
    HOLDERS,
    MECHANISMS,
    VERDICTS,
    Language,
    say,
)
from kumihimo.linkaudit.results import About, table
from kumihimo.linkaudit.schema import ATTRIBUTES, Fault, Verdict

_RUN_CLASSES: Final = ((1, 9), (10, 99), (100, None))


def result(counts: Counts, language: Language) -> Section:
    """Return verdicts by affair with their totals."""
    t = teller(language)
    names = [say(words, language) for words in VERDICTS.values()]
    total = t("計", "all")
    rows = [
        [name, *(number(n, told=(i, j) not in counts.verdicts_hidden) for j, n in enumerate(line))]
        for i, (name, line) in enumerate(
            zip([*counts.affairs, total], counts.verdicts, strict=True)
        )
    ]
    last = len(counts.verdicts) - 1
    bars = [
        figures.Bar(name, counts.verdicts[last][j], number(counts.verdicts[last][j]))
        for j, name in enumerate(names)
        if (last, j) not in counts.verdicts_hidden
    ]
    note = t(
        f"{HIDDEN} は、10 未満の件数か、それを差し引きで分からなくするために伏せた件数です。"
        "個人の値は、この報告のどこにもありません。",
        f"{HIDDEN} stands for a count below ten, or for one hidden so that sums do not give such a"
        " count back. No value of a person is anywhere in this report.",
    )
    caption = t("判定ごとの件数（対数目盛）", "Records by verdict (scale of logarithms)")
    return Section(
        id="result",
        title=t("結果", "Result"),
        paragraphs=[note],
        head=[t("事務", "affair"), *names, total],
        rows=rows,
        pictures=[figures.bars(bars, caption=caption)] if bars else [],
    )


def rates(counts: Counts, language: Language) -> Section:
    """Return affair, checked, suspected, rate: the shape of 図表6, with exact intervals."""
    t = teller(language)
    names = [*counts.affairs, t("計", "all")]
    column = list(Verdict).index(Verdict.MISLINK)
    rows: list[list[str]] = []
    lines: list[figures.Rate] = []
    for i, name in enumerate(names):
        rate = counts.rate(i)
        checked, wrong = counts.verdicts[i][-1], counts.verdicts[i][column]
        rows.append(
            [
                name,
                number(checked, told=(i, len(Verdict)) not in counts.verdicts_hidden),
                number(wrong, told=(i, column) not in counts.verdicts_hidden),
                per_cent(rate.value) if rate else HIDDEN,
                _interval(rate),
            ]
        )
        if rate is not None and rate.value > 0:
            lines.append(figures.Rate(name, rate.low, rate.value, rate.high, per_cent(rate.value)))
    rest = counts.residual
    said = t(
        f"機械が「誤りの疑い」とした記録のほかに、{rest.value:.1f} 件（95% 区間 {rest.low:.1f}〜{rest.high:.1f}）"
        "の誤りが残ると見積もられます。区間は Clopper-Pearson（率）とガンマ（残り）で、抽出ではなく全件の点検でも、"
        "誤りが起きる過程のばらつきを表します。",
        f"Beside the records suspected, {rest.value:.1f} mis-links (95 % interval {rest.low:.1f} to"
        f" {rest.high:.1f}) are estimated to remain. Intervals are Clopper-Pearson's (rates) and gamma"
        " (rest): they tell of the process that makes mis-links, also where every record was judged.",
    )
    caption = t(
        "誤りの疑いの率と 95% 区間（対数目盛）", "Rates suspected with 95 % intervals (logarithms)"
    )
    head = (t("事務", "affair"), t("点検件数", "checked"), t("誤りの疑い", "suspected"))
    return Section(
        id="rates",
        title=t("事務ごとの率", "Rates by affair"),
        paragraphs=[said],
        head=[*head, t("率", "rate"), t("95% 区間", "95 % interval")],
        rows=rows,
        pictures=[figures.rates(lines, caption=caption)] if lines else [],
    )


def _interval(rate: Interval | None) -> str:
    return f"{per_cent(rate.low)}〜{per_cent(rate.high)}" if rate else HIDDEN


def mechanisms(folder: Path, counts: Counts, language: Language) -> Section:
    """Return how suspected records came by their numbers, and the runs of shifted rows."""
    t = teller(language)
    overall = table(folder, "estimates").filter(pl.col("affair").is_null())
    # Without a snapshot nothing is modelled.
    modelled = {row["mechanism"]: row for row in overall.drop_nulls("rate").rows(named=True)}
    rows: list[list[str]] = []
    bars: list[figures.Bar] = []
    for j, one in enumerate(WRONG):
        told = (0, j) not in counts.mechanisms_hidden
        count, row = counts.mechanisms[0][j], modelled.get(one)
        rate = Interval(row["low"], row["rate"], row["high"]) if row and told else None
        name = say(MECHANISMS[one], language)
        rows.append(
            [
                name,
                number(count, told=told),
                per_cent(rate.value) if rate else HIDDEN,
                _interval(rate),
            ]
        )
        if told:
            bars.append(figures.Bar(name, count, number(count)))
    end = len(WRONG)
    total = number(counts.mechanisms[0][end], told=(0, end) not in counts.mechanisms_hidden)
    rows.append([t("計", "all"), total, "", ""])
    runs = "、".join(
        t(f"{low} 行以上{f' {high} 行以下' if high else ''}：{small(n)}", f"{low}{f' to {high}' if high else ' or more'} rows: {small(n)}")
        for low, high in _RUN_CLASSES
        if (n := sum(low <= length <= (high or length) for length in counts.runs))
    )  # fmt: skip
    shifted = t(
        f"行ずれの連なり：{runs or 'なし'}。連なりの中の記録は、隣の行の番号を持っています。",
        f"Runs of shifted rows: {runs or 'none'}. A record in a run carries its neighbour's number.",
    )
    caption = t("仕組みごとの件数（対数目盛）", "Records by mechanism (scale of logarithms)")
    head = (t("仕組み", "mechanism"), t("誤りの疑い", "suspected"))
    return Section(
        id="mechanisms",
        title=t("誤りの仕組み", "Mechanisms"),
        paragraphs=[shifted],
        head=[*head, t("推定率", "estimated rate"), t("95% 区間", "95 % interval")],
        rows=rows,
        pictures=[figures.bars(bars, caption=caption)] if bars else [],
    )


def collisions(counts: Counts, language: Language) -> Section:
    """Return how many numbers, persons and accounts stand where two records cannot both be right.

    Groups alone are counted: how many records they have would say how large a small one is.
    """
    t = teller(language)
    absent = t("見ていない", "not looked for")
    said = t(
        "番号・人・口座の数です。どの記録かは、点検のフォルダの collisions にあります。",
        "Counted are numbers, persons and accounts; which records they are is told by `collisions`"
        " in the folder of the audit.",
    )
    rows = [
        [say(COLLISIONS[kind], language), absent if found is None else small(found)]
        for kind, found in counts.collisions.items()
    ]
    return Section(
        id="collisions",
        title=t("番号・人・口座の重なり", "Collisions"),
        paragraphs=[said],
        head=[t("重なり", "collision"), t("件数", "count")],
        rows=rows,
    )


def accounts(counts: Counts, language: Language) -> list[Section]:
    """Return whose the accounts are by how their holders are written; nothing where none is told."""
    if counts.holders is None:
        return []
    t = teller(language)
    names = [say(words, language) for words in HOLDERS.values()]
    line = counts.holders[0]
    rows = [
        [name, number(n, told=(0, j) not in counts.holders_hidden)]
        for j, (name, n) in enumerate(zip([*names, t("計", "all")], line, strict=True))
    ]
    said = t(
        "口座名義のカナを、その記録の氏名・フリガナと比べたものです。名義が本人のものでなくても番号の誤りとは限らず、"
        "本人のものでも番号が正しいとは限らないので、判定には使っていません。どの記録かは accounts.csv にあります。",
        "The account's holder beside the record's own name. Another's account does not make the number"
        " wrong, nor does one's own make it right: no verdict rests on it. accounts.csv has the records.",
    )
    return [
        Section(
            id="accounts",
            title=t("口座名義", "Holders of accounts"),
            paragraphs=[said],
            head=[t("名義", "holder"), t("件数", "records")],
            rows=rows,
        )
    ]


def quality(about: About, language: Language) -> Section:
    """Return the data quality of each file's columns as shares."""
    t = teller(language)
    sides = {
        "rows": t("機関", "institution"),
        "snapshot": t("住民登録", "register"),
        "history": t("履歴", "history"),
    }
    rows = [
        [
            sides[one.side],
            say(COLUMNS[column.column], language),
            share(column.filled, column.rows, language),
            share(column.faults, column.rows, language),
            share(column.odd_lengths, column.rows, language),
            share(column.lost_characters, column.rows, language),
            share(column.placeholders, column.rows, language),
        ]
        for one in about.taken
        for column in one.quality
    ]
    head = (t("ファイル", "file"), t("列", "column"), t("記入", "filled"), t("読めない", "faults"))
    more = (t("長さが異例", "odd length"), t("外字欠け", "lost characters"))
    return Section(
        id="quality",
        title=t("データ品質", "Data quality"),
        head=[*head, *more, t("仮の日付", "placeholder dates")],
        rows=rows,
        words=2,
    )


def listed(folder: Path, language: Language) -> Section:
    """Return how many rows could not be judged, by reason."""
    t = teller(language)
    found = dict(table(folder, "bad_rows").group_by("fault").len().iter_rows())
    rows = [
        [say(FAULTS[Fault(code)], language), small(int(n))] for code, n in sorted(found.items())
    ]
    none = t("点検できない行はありませんでした。", "Every row could be judged.")
    some = t(
        "次の行は点検していません。行・列・理由は bad_rows.csv にあります。",
        "These rows were not judged; bad_rows.csv lists row, column and reason.",
    )
    return Section(
        id="listed",
        title=t("点検できなかった行", "Rows not judged"),
        paragraphs=[some if rows else none],
        head=[t("理由", "reason"), t("件数", "rows")] if rows else [],
        rows=rows,
    )


def limits(folder: Path, about: About, language: Language) -> Section:
    """Return what this audit could not see."""
    t = teller(language)
    return Section(
        id="limits",
        title=t("この点検で見えないこと", "What this audit could not see"),
        points=[*_of_this(folder, about, language), *(t(*one) for one in _ALWAYS)],
    )


def _of_this(folder: Path, about: About, language: Language) -> Sequence[str]:
    t = teller(language)
    held = {column.column for one in about.taken if one.side == "rows" for column in one.quality}
    absent = "、".join(say(COLUMNS[one], language) for one in ATTRIBUTES if one not in held)
    found: list[str] = []
    if absent:
        found.append(
            t(
                f"機関のファイルに{absent}がないので、その項目では見分けられません。",
                f"The institution's file holds no {absent}; nothing is told apart by it.",
            )
        )
    if not any(one.side == "snapshot" for one in about.taken):
        found.append(
            t(
                "住民登録側のファイルがなく、住基ネットへの照会だけで判定しました。本人の検索・行ずれ・誤りの型の推定は"
                "していないので、率と証拠の重みは 0 か空欄です。",
                "There was no snapshot: register was asked. Nobody was searched for, no shifted rows"
                " and no mechanisms were estimated; rates and weights are 0 or blank.",
            )
        )
        return found
    if not any(one.side == "history" for one in about.taken):
        found.append(
            t(
                "前住所・前の氏名の履歴を渡していないので、届出前の住所のままの記録は人の確認に回りやすくなります。",
                "No history of addresses and names was given, so more stale records need a person.",
            )
        )
    if not _holds_the_dead(folder):
        found.append(
            t(
                "住民登録側のファイルに死亡・消除された人が見当たりません。同姓同名の不在証明は、その人たちも入って初めて有効です。",
                "The register's file shows no dead or removed persons; the certificate that nobody"
                " else has a name holds only with them.",
            )
        )
    return found


def _holds_the_dead(folder: Path) -> bool:
    parts = sorted((folder / "snapshot").glob("*.parquet"))
    dead = pl.scan_parquet(parts).select((pl.col("standing") == "dead").any()).collect().item()
    return bool(dead)


_ALWAYS: Final = (
    (
        "住民登録そのものの誤り、住民登録にない人、登録と機関の両方が同じように誤った記録。",
        "Errors of the register itself, people not on it, records that are wrong on both sides alike.",
    ),
    (
        "すべての項目が一致する別人（同じ住所に住む同姓同名・同一生年月日の人など）。",
        "Another person of whom every attribute agrees, such as a namesake at the same address.",
    ),
    (
        "「誤りの疑い」は判断の材料であって、ひも付けを変える決定ではありません。変えるのは二人の職員です。",
        "A suspicion ranks work for people and changes no link; two officers do.",
    ),
)
