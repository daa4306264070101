"""`kumihimo audit seed`: how many mis-links does an audit find of those that were sown on purpose?"""

from pathlib import Path

import polars as pl
from cyclopts import App
from rich.table import Table

from kumihimo.kernel.entropy import Entropy, SystemEntropy
from kumihimo.kernel.files import write_new
from kumihimo.kernel.refusal import BadInput, Conflict
from kumihimo.linkaudit.intake.mapping import COLUMNS, Layout
from kumihimo.linkaudit.intake.writing import head_text, side_text
from kumihimo.linkaudit.results import NoAudit, read_about, table
from kumihimo.linkaudit.review_files import read_key
from kumihimo.linkaudit.sampling import CLEARED
from kumihimo.linkaudit.schema import ROWS, Verdict
from kumihimo.linkaudit.seeding import SOWN_EACH, sensitivity, sow
from kumihimo.linkaudit.statistics import remaining
from kumihimo.run.audit_telling import console

SEED_MAX = 2**63 - 1

app = App(
    name="seed",
    help="誤りを仕込んで感度を測る。 Sow mis-links into a copy of an audit's records, and count those found.",
)


@app.command(name="sow")
def sow_rows(
    folder: Path, *, out: Path, out_key: Path, each: int = SOWN_EACH, seed: int = 0
) -> None:
    """仕込む。 Write a copy of an audit's records in which some carry another person's number.

    Numbers change places between records that the audit has cleared: in households, between twins, between namesakes, at
    random, and by runs that slip. `out` gets `rows.parquet` and `mapping.toml` and holds personal data.

    Parameters
    ----------
    folder
        点検のフォルダ。 Folder of the audit that was run.
    out
        書き出す先のフォルダ。 Folder to write to; must be empty or absent.
    out_key
        仕込みの控え（CSV）。 File that says what was sown; no number is in it. Keep it apart.
    each
        型ごとの件数。 How many of each mechanism.
    seed
        もとになる数。 The same number sows the same; 0 takes one by chance.
    """
    if not 0 <= seed <= SEED_MAX:
        raise BadInput("--seed: 0 to 2^63 - 1", pointer="seed")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise Conflict(f"{out}: not an empty folder", pointer="out")
    about = read_about(folder)
    rows, cleared = _rows(folder)
    made = sow(rows, seed or _by_chance(SystemEntropy()), each=each, cleared=cleared)
    out.mkdir(parents=True, exist_ok=True, mode=0o700)
    made.rows.write_parquet(out / "rows.parquet")
    head = head_text(
        institution=about.institution,
        affair=about.affair,
        municipality="",
        number_space=about.number_space,
        without=about.without,
    )
    layout = Layout(columns={name: name for name in COLUMNS["rows"]})
    write_new(out / "mapping.toml", (head + side_text("rows", layout, kind="parquet")).encode())
    write_new(out_key, made.key.write_csv().encode())
    counts = dict(made.key["mechanism"].value_counts().iter_rows())
    print("仕込みました Sown: " + ", ".join(f"{name} {counts[name]:,}" for name in sorted(counts)))
    print(
        f"次に Next: kumihimo audit run {out / 'mapping.toml'} --rows {out / 'rows.parquet'}"
        f" --snapshot {folder / 'snapshot'} --out {out}-audit"
    )


@app.command
def measure(folder: Path, *, sown: Path, original: Path | None = None) -> None:
    """測る。 Say how many of those sown an audit of the copy found, with exact intervals.

    Parameters
    ----------
    folder
        仕込んだ写しの点検のフォルダ。 Folder of the audit of the copy.
    sown
        仕込みの控え。 The file that `seed sow` wrote.
    original
        元の点検のフォルダ。 Folder of the audit of the true records: says how many it may have missed.
    """
    told = sensitivity(table(folder, "findings"), read_key(sown))
    observed = _observed(original) if original is not None else {}
    shown = Table(title="感度 sensitivity", title_justify="left", box=None, pad_edge=False)
    names = [
        "型 mechanism",
        "仕込み sown",
        "発見 found",
        "要確認 held",
        "見逃し cleared",
        "感度",
        "95 %",
    ]
    for name in [*names, *(["残り remaining"] if original is not None else [])]:
        shown.add_column(name, justify="left" if name.startswith("型") else "right")
    for line in told.iter_rows(named=True):
        cells = [f"{line[name]:,}" for name in ("sown", "found", "held", "cleared")]
        cells += [f"{line['sensitivity']:.1%}", f"{line['low']:.1%} - {line['high']:.1%}"]
        if original is not None:
            count = observed.get(line["mechanism"], 0)
            left = remaining(count, line["found"], line["sown"])
            cells.append(f"{left.value:,.1f} ({left.low:,.1f} - {left.high:,.1f})")
        shown.add_row(line["mechanism"], *cells)
    console().print(shown)


def _rows(folder: Path) -> tuple[pl.DataFrame, pl.Series]:
    """Return the records that an audit took in, numbered as the copy will be, and which it cleared."""
    parts = sorted((folder / "rows").glob("part-*.parquet"))
    if not parts:
        raise NoAudit(f"{folder}: has no records; run `kumihimo audit run` first")
    whole = pl.concat([pl.read_parquet(part) for part in parts])
    verdicts = table(folder, "findings").filter(pl.col("verdict").is_in([str(v) for v in CLEARED]))
    cleared = whole["row"].is_in(verdicts["row"].implode())
    numbered = whole.with_columns(row=pl.int_range(1, pl.len() + 1, dtype=pl.Int64))
    return numbered.select(*ROWS), cleared


def _observed(folder: Path) -> dict[str, int]:
    findings = table(folder, "findings").filter(pl.col("verdict") == Verdict.MISLINK)
    return dict(findings["mechanism"].value_counts().iter_rows())


def _by_chance(entropy: Entropy) -> int:
    return int.from_bytes(entropy.bytes(7), "big") + 1
