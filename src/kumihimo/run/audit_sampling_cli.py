"""`kumihimo audit draw` and `audit estimate`: records for people to look at, and what they say of all."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs
import msgspec
import polars as pl
from rich.table import Table

from kumihimo.kernel.entropy import Entropy, SystemEntropy
from kumihimo.kernel.refusal import BadInput
from kumihimo.linkaudit.correcting import corrected
from kumihimo.linkaudit.estimating import SUM_OF_CLEARED, estimates
from kumihimo.linkaudit.looks import Agreement, agreement, found, of_sample
from kumihimo.linkaudit.quantiles import Interval
from kumihimo.linkaudit.results import scan
from kumihimo.linkaudit.review_files import read_key, read_looks, read_sample, write_table
from kumihimo.linkaudit.sampling import CLEARED_SHARE, REPEATS, draw, plan
from kumihimo.linkaudit.schema import Verdict
from kumihimo.run.audit_telling import VERDICTS, console

SEED_MAX: Final = 2**63 - 1
_VERDICT: Final = ("判定\nverdict",)
_COUNTS: Final = ("件数\nrecords", "見た\nlooked", "未決\nundecided", "誤り\nwrong", "推定\nestimated", "95 %")  # fmt: skip
_CORRECTED: Final = ("見誤りこみ\ncorrected", "95 %")
_AGAIN: Final = ("見た\nlooks", "正しい、再見\nright, again", "見逃し\nmissed", "誤り、再見\nwrong, again", "取り違え\nfalse alarms")  # fmt: skip
_MODEL: Final = ("見逃し\nmodel", "取り違え\nmodel")
_UNCORRECTED: Final = (
    "人の見誤りは、この推定と区間に入っていません：二人が見た記録がありません。見逃した誤りの分だけ多く、取り違えた分だけ少ないことがあります。"
    " Neither the estimate nor its interval knows of reviewers' own errors, since no two looked at one record:"
    " what they missed comes on top, what they took for wrong comes off."
)
_CORRECTION: Final = (
    "「見誤りこみ」と残る誤りは、審査者の見逃しと取り違えを、二人が見た記録などから見積もって入れた数です。"
    " Corrected, and what remains: with what reviewers miss and take for wrong, as records at which two looked tell it."
)
_LARGE: Final = 100  # from here on a tenth says nothing


def draw_records(
    folder: Path,
    *,
    out: Path,
    budget: int,
    seed: int = 0,
    cleared: float = CLEARED_SHARE,
    repeats: float = REPEATS,
) -> None:
    """見る記録を抽出する。 Draw records for people to look at, the more suspect the likelier.

    No record is beyond being drawn, so that what people find says how many mis-links remain
    (`audit estimate`). The file says of each record how likely it was to be drawn: keep it from the
    reviewers, and give them the record ids.

    Parameters
    ----------
    folder
        点検のフォルダ。 Folder of the audit.
    out
        書き出すCSV。 The CSV file to write: record ids, inclusion probabilities, no value of a person.
    budget
        見る記録の数。 How many records are drawn.
    seed
        もとになる数。 The same number draws the same; 0 takes one by chance.
    cleared
        機械が確認済みとした記録に割く割合。 Share of the budget for records that the audit cleared.
    repeats
        二人目も見る割合。 Share of the drawn records that a second person looks at, blindly.
    """
    if not 0 <= seed <= SEED_MAX:
        raise BadInput("--seed: 0 to 2^63 - 1", pointer="seed")
    for name, share in (("cleared", cleared), ("repeats", repeats)):
        if not 0 <= share <= 1:
            raise BadInput(f"--{name}: a share between 0 and 1", pointer=name)
    findings = scan(folder, "findings")
    made = plan(findings, budget, cleared)
    chosen = seed or _by_chance(SystemEntropy())
    sample = draw(findings, made, chosen, repeats)
    write_table(out, sample)
    words, numbers = ("事務 affair", "判定 verdict"), ("件数 records", "抽出 drawn")
    shown = _table(f"抽出 sample (seed {chosen})", words, numbers)
    for affair, verdict, rows, drawn in made.strata.iter_rows():
        shown.add_row(affair, VERDICTS[Verdict(verdict)], f"{rows:,}", f"{drawn:,}")
    console().print(shown)
    print(f"{out}: {len(sample):,} 件 records")


def estimate_mislinks(
    sample: Path,
    *,
    looks: Path,
    sown: Path | None = None,
    sown_looks: Path | None = None,
    json: bool = False,
) -> None:
    """残る誤りを推定する。 Say what people found in a sample, and how many mis-links remain.

    Two numbers: those seen, and those estimated among all records, with 95 % intervals: as if people
    never erred (Horvitz and Thompson), and with what they miss and take for wrong, where records at
    which two looked tell that; and how far the reviewers agree.

    Parameters
    ----------
    sample
        抽出した記録。 The CSV file that `audit draw` wrote.
    looks
        審査の結果。 What was found: `audit looks` writes it, or an office does by hand.
    sown
        仕込みの控え（`--sown-looks` と）。 The file that `audit seed sow` wrote, with `--sown-looks`.
    sown_looks
        仕込んだ写しの審査の結果。 What the same people found in the copy with sown mis-links: tells what they miss.
    json
        JSON で出力。 Print everything as one JSON object.
    """
    if (sown is None) != (sown_looks is None):
        raise BadInput(f"{sown or sown_looks}: --sown and --sown-looks go together", pointer="sown")
    drawn = read_sample(sample)
    mine = of_sample(read_looks(looks), drawn)
    told, people = estimates(drawn, found(mine)), agreement(mine)
    better = corrected(drawn, mine, _at_sown(sown, sown_looks))
    if better is not None:
        told = told.join(better, on=["affair", "verdict"], nulls_equal=True, maintain_order="left")
    if json:
        whole: dict[str, Any] = {
            "estimates": told.to_dicts(),
            "corrected_for_reviewers_errors": better is not None,
            "agreement": attrs.asdict(people),
        }
        print(msgspec.json.encode(whole).decode())
        return
    console().print(_estimated(told))
    console().print(_summary(told))
    console().print(_UNCORRECTED if better is None else _CORRECTION)
    console().print(_agreed(people))
    console().print(_reviewers(people))


def _at_sown(key: Path | None, looks: Path | None) -> pl.DataFrame | None:
    """Return the looks at records that carry another person's number because it was sown."""
    if key is None or looks is None:
        return None
    return read_looks(looks).join(read_key(key), on="record_id", how="semi")


def _estimated(told: pl.DataFrame) -> Table:
    affairs = told["affair"].drop_nulls().unique()
    several = len(affairs) > 1
    title = "推定 estimates" + ("" if several else f"：{affairs[0]}")
    better = _CORRECTED if "corrected" in told.columns else ()
    shown = _table(title, ("事務\naffair", *_VERDICT)[not several :], (*_COUNTS, *better))
    for row in told.rows(named=True):
        words = [row["affair"] or "", _verdict(row["verdict"])][not several :]
        counts = [f"{row[one]:,}" for one in ("rows", "looked", "undecided", "wrong")]
        cells = _cells(row, "estimated", "low", "high")
        if better:
            cells += _cells(row, "corrected", "corrected_low", "corrected_high")
        shown.add_row(*words, *counts, *cells)
    return shown


def _cells(row: Mapping[str, Any], value: str, low: str, high: str) -> list[str]:
    estimated = "-" if row[value] is None else _number(row[value])
    return [estimated, f"{_number(row[low])} - {_number(row[high])}"]


def _number(value: float) -> str:
    return f"{value:,.1f}" if value < _LARGE else f"{value:,.0f}"


def _verdict(code: str | None) -> str:
    if code is None:
        return "計 all"
    return "確認済みの計 cleared" if code == SUM_OF_CLEARED else VERDICTS[Verdict(code)]


def _table(title: str, words: Sequence[str], numbers: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in words:
        table.add_column(name)
    for name in numbers:
        table.add_column(name, justify="right")
    return table


def _summary(told: pl.DataFrame) -> str:
    [whole] = told.filter(pl.col("verdict").is_null()).rows(named=True)
    seen = whole["wrong"]
    if "left" in whole:
        value, low, high = (whole[one] for one in ("left", "left_low", "left_high"))
    else:
        value, low, high = (max(whole[x] - seen, 0.0) for x in ("estimated", "low", "high"))
    return (
        f"見つかった誤り {seen:,} 件、残る誤りの推定 {_number(value)} 件（95% 区間 {_number(low)} - {_number(high)}）。"
        f" Seen {seen:,}; estimated to remain {_number(value)} (95 %: {_number(low)} - {_number(high)})."
    )


def _agreed(people: Agreement) -> str:
    words = (
        f"二人が見た {people.pairs:,} 件のうち {people.agreeing:,} 件で一致。"
        f" Of {people.pairs:,} records that two looked at they agree on {people.agreeing:,}."
    )
    if people.kappa is None:
        return words
    kappa = people.kappa
    return f"{words} κ {kappa.value:.2f} ({kappa.low:.2f} - {kappa.high:.2f})"


def _reviewers(people: Agreement) -> Table:
    """Return what did not stand of each reviewer's answers; what the model says, where it can."""
    modelled = {one.reviewer: one for one in people.errors or ()}
    numbers = (*_AGAIN, *(_MODEL if modelled else ()))
    shown = _table("審査者 reviewers", ("審査者\nreviewer",), numbers)
    for one in people.reviewers:
        cells = [f"{one.looks:,}", f"{one.right:,}", _share(one.missed, one.right)]
        cells += [f"{one.wrong:,}", _share(one.false_alarms, one.wrong)]
        if one.reviewer in modelled:
            model = modelled[one.reviewer]
            cells += [f"{model.missed:.1%}", f"{model.false_alarms:.1%}"]
        shown.add_row(one.reviewer, *cells)
    return shown


def _share(value: Interval, of: int) -> str:
    return f"{value.value:.1%}\n({value.low:.1%} - {value.high:.1%})" if of else "-"


def _by_chance(entropy: Entropy) -> int:
    return int.from_bytes(entropy.bytes(7), "big") + 1
