"""The mis-link audit: from an institution's files to a class for every record, beside its limits.

A world is made with mis-links planted by code that knows nothing of the audit; the audit runs as a
user runs it, `kumihimo audit run` on files, and its findings are held against the truth. Splink on
DuckDB gets the first of the smaller worlds in canonical columns, in the same run.
"""

import multiprocessing
import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import attrs
import polars as pl

from kumihimo.linkaudit.results import table
from kumihimo.linkaudit.schema import Mechanism
from kumihimo.run.audit_measuring import (
    Audited,
    Quality,
    audit,
    bare_join,
    changed,
    hand_over,
    judge,
    peer_precision,
    told_json,
)
from kumihimo.run.bench_cli import Measure, Tell, measure
from kumihimo.run.testing import ROOT
from kumihimo.world.audits.plan import AuditPlan
from kumihimo.world.audits.worlds import write_audit_world

COUNTRY: Final = 82_080_000  # the links that were looked through in 2023
BAR_MINUTES: Final = 12.0
BAR_RECHECK_S: Final = 60.0
BAR_MEMORY_GIB: Final = 24.0
BAR_PRECISION: Final = 0.95
BAR_RECALL: Final = 0.99
BAR_CLEARED: Final = 0.98  # at most 2 % of all rows need a person
CHANGED: Final = 0.01
PEER: Final = ROOT / "benchmarks" / "peers" / "splink_links.py"
UV: Final = ROOT / ".kumihimo" / "bootstrap" / "bin" / "uv"
_GIB: Final = 1 << 30


@attrs.frozen
class Size:
    """Links of the world that is timed, and of each world that quality is read off."""

    timed: int
    judged: int


@attrs.frozen
class Peer:
    """Splink's side: canonical columns made for it, its own seconds, and how good it was."""

    canonical_s: float
    seconds: float
    precision: float
    recall: dict[str, float]


def run(tell: Tell, *, quick: bool, full: bool, seeds: int) -> Sequence[Measure]:
    """Measure: about an hour, a few minutes of it for each seed; `full` takes some hours."""
    size = Size(COUNTRY if full else 5_000_000, 1_000_000)
    if quick:
        size, seeds = Size(40_000, 20_000), min(seeds, 2)
    with TemporaryDirectory(prefix="kumihimo-bench-") as name:
        folder = Path(name)
        timed, again = _timed(folder / "timed", size.timed, tell)
        quality, first, peer = _judged(folder, size.judged, seeds, tell)
        limit_s = bare_join(min(size.timed, 20_000_000)) * max(1, size.timed / 20_000_000)
    _table(quality, peer, tell)
    return figures(size, timed, again, limit_s, quality, first, peer)


def _timed(folder: Path, links: int, tell: Tell) -> tuple[Audited, Audited]:
    plan = AuditPlan(links=links, seed=1)
    tell(f"making a register of {plan.people:,} people and a file of {links:,} links")
    cores = multiprocessing.cpu_count()
    write_audit_world(plan, folder / "world", workers=cores)
    timed = audit(folder / "world", folder / "audit")
    used = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / _GIB
    tell(
        f"{links:,} links in {timed.seconds:,.0f} s, {timed.peak_gib:.1f} GiB, {used:.1f} GiB of disk"
    )
    changed(folder / "world", folder / "later", CHANGED)
    again = audit(folder / "later", folder / "audit")
    tell(f"again with {CHANGED:.0%} of the rows changed: {again.seconds:,.0f} s")
    shutil.rmtree(folder)
    return timed, again


def _judged(folder: Path, links: int, seeds: int, tell: Tell) -> tuple[Quality, Audited, Peer]:
    """Audit a world for each seed; the peer gets the first."""
    total, first, peer = Quality(), None, None
    for seed in range(1, seeds + 1):
        plan, world, out = AuditPlan(links=links, seed=seed), folder / "world", folder / "audit"
        write_audit_world(plan, world, workers=multiprocessing.cpu_count())
        audited = audit(world, out)
        found = judge(plan, world, table(out, "findings"), table(out, "estimates"))
        tell(
            "seed {seed}: {suspected:,} suspected, {rightly:,} rightly; {persons:,} for a person;"
            " {cleared_mislinks} mis-links cleared; {rates_within} of {rates} rates within their"
            " intervals".format(seed=seed, **_named(found))
        )
        total = total.plus(found)
        if first is None:
            first, peer = audited, _peer(world, folder / "peer", tell)
        for one in (world, out):
            shutil.rmtree(one)
    assert first is not None, "at least one seed"
    assert peer is not None, "the first seed has the peer"
    return total, first, peer


def _peer(world: Path, folder: Path, tell: Tell) -> Peer:
    folder.mkdir()
    canonical_s = hand_over(world, folder)
    files = [str(folder / f"{name}.parquet") for name in ("rows", "register", "out")]
    isolated = ["run", "--isolated", "--frozen", "--only-group", "peers", "python"]
    seconds = told_json([str(UV), *isolated, str(PEER), *files, "16GB"])["seconds"]
    precision, recall = peer_precision(world, pl.read_parquet(folder / "out.parquet"))
    tell(f"Splink: {seconds:,.0f} s, and {canonical_s:,.0f} s to bring both sides into columns")
    return Peer(canonical_s, seconds, precision, recall)


def _table(quality: Quality, peer: Peer, tell: Tell) -> None:
    tell("")
    tell(f"{'mechanism':<12}{'planted':>9}{'found':>9}{'held':>9}{'Splink finds':>14}")
    for mechanism in Mechanism:
        if mechanism is not Mechanism.MATCH:
            tell(
                f"{mechanism:<12}{quality.planted[mechanism]:>9,}"
                f"{quality.recall(mechanism):>9.2%}{quality.kept(mechanism):>9.2%}"
                f"{peer.recall.get(mechanism, 0.0):>14.2%}"
            )
    tell(f"precision {quality.precision:.2%}; Splink's at even odds {peer.precision:.2%}")
    counts = quality.counts
    tell(f"rows for a person: {counts['persons'] / counts['rows']:.2%}")
    tell(f"rates within their intervals: {counts['rates_within']} of {counts['rates']}")


def _named(quality: Quality) -> dict[str, int]:
    names = ("suspected", "rightly", "persons", "cleared_mislinks", "rates_within", "rates")
    return {name: quality.counts[name] for name in names}


def figures(
    size: Size,
    timed: Audited,
    again: Audited,
    limit_s: float,
    quality: Quality,
    first: Audited,
    peer: Peer,
) -> list[Measure]:
    """Return the figures beside their limits and bars; those of the country are scaled by links."""
    of_country = COUNTRY / size.timed
    said = "" if size.timed == COUNTRY else f", extrapolated from {size.timed:,} links"
    bare = "the same join on bare numbers and hashes"
    peer_s = peer.canonical_s + peer.seconds
    splink = "Splink on DuckDB, the same world"

    def found(name: str, value: float, against: float, at_least: float | None) -> Measure:
        return measure(
            name, value, "share", against=splink, against_value=against, at_least=at_least
        )

    def recall(mechanism: Mechanism) -> Measure:
        theirs = peer.recall.get(mechanism, 0.0)
        return found(f"recall_{mechanism}", quality.recall(mechanism), theirs, BAR_RECALL)

    return [
        measure(
            "links_per_second",
            size.timed / timed.seconds,
            "1/s",
            against=bare,
            against_value=size.timed / limit_s,
        ),
        measure(
            "minutes_for_82m",
            timed.seconds * of_country / 60,
            "min",
            against=bare + said,
            against_value=limit_s * of_country / 60,
            at_most=BAR_MINUTES,
        ),
        measure(
            "recheck_seconds",
            again.seconds * of_country,
            "s",
            against="the whole audit" + said,
            against_value=timed.seconds * of_country,
            at_most=BAR_RECHECK_S,
        ),
        measure(
            "peak_memory_gib",
            timed.peak_gib,
            "GiB",
            against="what it may use",
            against_value=BAR_MEMORY_GIB,
            at_most=BAR_MEMORY_GIB,
        ),
        measure(
            "ratio_to_splink_time",
            first.seconds / peer_s,
            "",
            against="Splink and its columns, seconds",
            against_value=peer_s,
        ),
        measure(
            "splink_precision",
            peer.precision,
            "share",
            against="ours",
            against_value=quality.precision,
        ),
        found("precision", quality.precision, peer.precision, BAR_PRECISION),
        *(
            recall(one)
            for one in (Mechanism.HOUSEHOLD, Mechanism.TWIN, Mechanism.RANDOM, Mechanism.SHIFT)
        ),
        found(
            "homonyms_held",
            quality.kept(Mechanism.HOMONYM),
            peer.recall.get(Mechanism.HOMONYM, 0.0),
            BAR_RECALL,
        ),
        measure(
            "machine_cleared_share",
            quality.counts["cleared"] / quality.counts["rows"],
            "share",
            against="all rows",
            against_value=1.0,
            at_least=BAR_CLEARED,
        ),
        measure(
            "mislinks_among_cleared",
            quality.counts["cleared_mislinks"],
            "rows",
            against="mis-links planted",
            against_value=sum(quality.planted.values()),
            at_most=0,
        ),
    ]
