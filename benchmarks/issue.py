"""Certificates from order to database: checked, intended, linted, signed, stored, every commit synced.

As many processes as there are cores issue on one PostgreSQL, each an order of two certificates at a
time. The keys that are certified were made before: making them is the chip's work. Then the drill of
a broken class of keys, on a database of its own.
"""

import asyncio
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import attrs
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.postgres import EmbeddedPostgres
from kumihimo.run.bench_cli import Measure, Tell, measure
from kumihimo.run.drill import drill
from kumihimo.run.issuing import EXPONENT, Work, bare_signatures, found, issue


@attrs.frozen
class Lengths:
    """How long each part runs, on how many keys and cards."""

    issue_s: float
    limit_s: float
    pairs: int
    cards: int


FULL: Final = Lengths(30.0, 3.0, 80, 100)
QUICK: Final = Lengths(1.0, 0.3, 10, 4)


def run(tell: Tell, *, quick: bool) -> Sequence[Measure]:
    """Measure; about two minutes."""
    lengths = QUICK if quick else FULL
    cores = multiprocessing.cpu_count()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(cores, mp_context=context) as pool:
        limit = sum(pool.map(bare_signatures, [lengths.limit_s] * cores))
        tell(f"{limit:,.0f} signatures a second by RSA alone, on {cores} cores")
        tell(f"making {lengths.pairs} key pairs for the chips")
        shares = moduli(lengths.pairs, cores)
        rate = _issued(pool, shares, lengths.issue_s)
    tell(f"{rate:,.0f} certificates a second, linted and stored")
    drilled = drill(lengths.cards, tell)
    return [
        measure(
            "certificates_issued_per_second",
            rate,
            "1/s",
            against="RSA-2048 signatures alone on all cores",
            against_value=limit,
        ),
        measure(
            "recall_suspended_per_second",
            2 * drilled.cards / drilled.suspended_s,
            "1/s",
            against="certificates issued",
            against_value=rate,
        ),
        measure(
            "recall_replaced_per_second",
            2 * drilled.cards / drilled.replaced_s,
            "1/s",
            against="certificates issued",
            against_value=rate,
        ),
    ]


def moduli(pairs: int, shares: int) -> list[tuple[int, ...]]:
    """Return distinct moduli in as many shares: every product of two primes of `pairs` pairs."""
    primes: list[int] = []
    for _ in range(pairs):
        numbers = generate_private_key(EXPONENT, 2048).private_numbers()
        primes += [numbers.p, numbers.q]
    products = [one * other for one, other in combinations(primes, 2)]
    return [tuple(products[share::shares]) for share in range(shares)]


def _issued(pool: ProcessPoolExecutor, shares: Sequence[tuple[int, ...]], seconds: float) -> float:
    with TemporaryDirectory(prefix="kumihimo-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        entropy = SystemEntropy()
        postgres = EmbeddedPostgres.start(folder / "postgres", entropy=entropy, durable=True)
        try:
            reached = postgres.room("jpki", ["kumihimo.rooms.jpki"], entropy=entropy)
            dsn, keys = reached.runtime.reveal(), str(folder / "keys")
            asyncio.run(found(dsn, keys))
            work = [Work(dsn, keys, seconds, share) for share in shares]
            return sum(pool.map(issue, work))
        finally:
            postgres.stop()
