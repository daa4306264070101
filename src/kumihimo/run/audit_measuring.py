"""What the benchmark of the audit measures: whole audits as a user runs them, and how good they are.

Quality is read off the truth that the world keeps apart; no audit is given it.
"""

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import attrs
import numpy as np
import polars as pl
import psutil
from typing_extensions import override

from kumihimo.kernel.refusal import Unavailable
from kumihimo.linkaudit.schema import Mechanism, Verdict
from kumihimo.people.columns.addresses import address_columns
from kumihimo.people.columns.births import birth_columns, sexes
from kumihimo.people.columns.names import canonical_kanas, canonical_names
from kumihimo.world.audits.plan import AuditPlan
from kumihimo.world.audits.worlds import write_part

MAPPING: Final = """institution = "a world"
affair = "medical-insurance"
number_space = "test"

[rows.columns]
record_id = "record_id"
number = "number"
name = "name"
kana = "kana"
birth = "birth"
sex = "sex"
address = "address"
household = "household"
account = "account"
affair = "affair"
"""
_WATCH_S: Final = 0.5
_GIB: Final = 1 << 30


@attrs.frozen
class Audited:
    """A whole audit, from files to classes: its time and the most memory of all its processes."""

    seconds: float
    peak_gib: float


@attrs.frozen
class Quality:
    """Counts of rows, those of mechanisms by mechanism; the sum of two is of both worlds."""

    counts: Counter[str] = attrs.Factory(Counter[str])
    planted: Counter[str] = attrs.Factory(Counter[str])
    found: Counter[str] = attrs.Factory(Counter[str])
    held: Counter[str] = attrs.Factory(Counter[str])  # found, or kept for a person

    def plus(self, other: "Quality") -> "Quality":
        """Return the counts of both worlds together."""
        return Quality(
            self.counts + other.counts,
            self.planted + other.planted,
            self.found + other.found,
            self.held + other.held,
        )

    def recall(self, mechanism: Mechanism) -> float:
        """Return the share of planted mis-links that were suspected."""
        return share(self.found[mechanism], self.planted[mechanism])

    def kept(self, mechanism: Mechanism) -> float:
        """Return the share of planted mis-links that were suspected or held for a person."""
        return share(self.held[mechanism], self.planted[mechanism])

    @property
    def precision(self) -> float:
        """Return the share of suspected rows that are mis-links."""
        return share(self.counts["rightly"], self.counts["suspected"])


def audit(world: Path, out: Path) -> Audited:
    """Run `kumihimo audit run` on a world's files in a process of its own. Raises `Unavailable`."""
    mapping = out.with_suffix(".toml")
    mapping.write_text(MAPPING, "utf-8")
    files = {"--rows": "rows", "--snapshot": "register", "--history": "history"}
    command = [sys.executable, "-m", "kumihimo", "audit", "run", str(mapping), "--out", str(out)]
    command += [part for flag, name in files.items() for part in (flag, str(world / name))]
    return watched([*command, "--json"])


def watched(command: Sequence[str]) -> Audited:
    """Run a command to its end; raise `Unavailable` with its last line where it fails."""
    started = time.perf_counter()
    with subprocess.Popen(  # noqa: S603 - the command is this file's own
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        peak = _Peak(process.pid)
        peak.start()
        _, told = process.communicate()
        seconds = time.perf_counter() - started
        peak.stop()
    if process.returncode:
        raise Unavailable(f"{' '.join(command[2:5])}: {told.strip().splitlines()[-1:]}")
    return Audited(seconds, peak.bytes / _GIB)


class _Peak(threading.Thread):
    """The greatest sum of what a process and its children hold in memory, shared pages once."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.bytes = 0
        self._process = psutil.Process(pid)
        self._ended = threading.Event()

    @override
    def run(self) -> None:
        while not self._ended.wait(_WATCH_S):
            self.bytes = max(self.bytes, self._now())

    def stop(self) -> None:
        self._ended.set()
        self.join()

    def _now(self) -> int:
        total = 0
        try:
            for one in (self._process, *self._process.children(recursive=True)):
                total += one.memory_full_info().pss
        except psutil.Error:  # one of them ended while it was looked at
            return 0
        return total


def judge(plan: AuditPlan, world: Path, findings: pl.DataFrame, estimates: pl.DataFrame) -> Quality:
    """Hold an audit's findings and estimated rates against the truth of its world."""
    truth = pl.read_parquet(world / "truth" / "*.parquet").select("row", planted="mechanism")
    told = findings.join(truth, on="row", how="left").select(
        "planted",
        person=pl.col("verdict") == Verdict.PERSON,
        suspected=pl.col("verdict") == Verdict.MISLINK,
        cleared=pl.col("verdict").is_in([Verdict.CONFIRMED, Verdict.NOTATIONAL]),
    )
    wrong = told.drop_nulls("planted")
    counts = Counter(
        rows=len(told),
        persons=int(told["person"].sum()),
        cleared=int(told["cleared"].sum()),
        suspected=int(told["suspected"].sum()),
        rightly=int(wrong["suspected"].sum()),
        cleared_mislinks=int(wrong["cleared"].sum()),
    )
    # A planted row that was not judged at all was not found either.
    by = [
        _by_mechanism(part)
        for part in (truth, wrong.filter("suspected"), wrong.filter(~pl.col("cleared")))
    ]
    return Quality(counts + _rates(plan, estimates), *by)


def hand_over(world: Path, folder: Path) -> float:
    """Write both sides in canonical columns for the peer; return the seconds that took."""
    started = time.perf_counter()
    for table in ("rows", "register"):
        frame = pl.read_parquet(world / table / "*.parquet")
        births, places = birth_columns(frame["birth"]), address_columns(frame["address"])
        row = (
            frame["row"]
            if table == "rows"
            else pl.repeat(None, len(frame), dtype=pl.Int64, eager=True)
        )
        pl.DataFrame(
            {
                "unique_id": pl.int_range(len(frame), eager=True),
                "row": row,
                "number": frame["number"],
                "name": canonical_names(frame["name"]),
                "kana": canonical_kanas(frame["kana"]),
                "birth": births.select(
                    pl.format(
                        "{}-{}-{}",
                        "year",
                        *(pl.col(c).cast(pl.String).str.zfill(2) for c in ("month", "day")),
                    )
                ).to_series(),
                "sex": sexes(frame["sex"]).replace("", None),
                "town": places.select(pl.concat_str("city", "town")).to_series(),
                "place": places.select(pl.concat_str("city", "town", "lot")).to_series(),
            }
        ).write_parquet(folder / f"{table}.parquet")
    return time.perf_counter() - started


def peer_precision(world: Path, predicted: pl.DataFrame) -> tuple[float, dict[str, float]]:
    """Return the peer's precision at even odds, and the share of each mechanism that it finds.

    A row for which it has no pair carries a number that the register does not hold: found.
    """
    truth = pl.read_parquet(world / "truth" / "*.parquet").select("row", planted="mechanism")
    rows = pl.read_parquet(world / "rows" / "*.parquet", columns=["row"])
    told = rows.join(predicted, on="row", how="left").join(truth, on="row", how="left")
    flagged = told.filter(pl.col("match_probability").fill_null(0.0) < 0.5)  # noqa: PLR2004 - even odds
    caught = dict(flagged.drop_nulls("planted")["planted"].value_counts().iter_rows())
    planted = dict(truth["planted"].value_counts().iter_rows())
    precision = share(sum(caught.values()), len(flagged))
    return precision, {name: share(caught.get(name, 0), n) for name, n in planted.items()}


def bare_join(links: int) -> float:
    """Return the seconds of the same join on numbers and hashes alone: what no audit can beat."""
    chance = np.random.Generator(np.random.PCG64(1))
    number = chance.permutation(links)
    hashes = {f"h{n}": chance.integers(0, 2**63, links) for n in range(5)}
    rows = pl.DataFrame({"number": number, **hashes})
    register = pl.DataFrame({"number": np.sort(number), **hashes})
    started = time.perf_counter()
    joined = rows.lazy().join(register.lazy(), on="number", suffix="_x")
    levels = [(pl.col(name) == pl.col(f"{name}_x")).alias(name) for name in hashes]
    joined.select(levels).group_by(list(hashes)).len().collect(engine="streaming")
    return time.perf_counter() - started


def changed(world: Path, out: Path, share: float) -> None:
    """Write a world in which `share` of the rows have another address: what a month brings.

    The program that wrote it is the same, so what has not changed is packed as it was.
    """
    for table in ("rows", "register", "history"):
        (out / table).mkdir(parents=True)
        for part in sorted((world / table).glob("*.parquet")):
            target = out / table / part.name
            if table != "rows":
                target.hardlink_to(part)
                continue
            frame = pl.read_parquet(part)
            moved = (pl.col("row").hash(1) % 10_000) < int(share * 10_000)
            address = pl.when(moved).then(pl.col("address").shift(1)).otherwise("address")
            write_part(frame.with_columns(address), target)


def told_json(command: Sequence[str]) -> dict[str, float]:
    """Run a command and return the JSON object of its last line. Raises `Unavailable`."""
    made = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    if made.returncode:
        raise Unavailable(f"{command[0]}: {made.stderr.strip().splitlines()[-1:]}")
    return json.loads(made.stdout.strip().splitlines()[-1])


def share(part: int, whole: int) -> float:
    """Return a part's share; of nothing, all."""
    return part / whole if whole else 1.0


def _rates(plan: AuditPlan, estimates: pl.DataFrame) -> Counter[str]:
    """Count the estimated rates of all affairs, and those whose interval holds the planted one."""
    whole = estimates.filter(pl.col("affair").is_null())
    told = {line["mechanism"]: line for line in whole.iter_rows(named=True)}
    planted = {one: plan.planting.of(one) for one in Mechanism if one is not Mechanism.MATCH}
    within = [told[one]["low"] <= rate <= told[one]["high"] for one, rate in planted.items()]
    return Counter(rates=len(within), rates_within=sum(within))


def _by_mechanism(frame: pl.DataFrame) -> Counter[str]:
    return Counter(frame["planted"].to_list())
