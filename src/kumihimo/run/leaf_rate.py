"""How many leaves a second the ledger puts into its log, and how often a second the disk syncs."""

import asyncio
import os
import time
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kumihimo.kernel.clock import SystemClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.postgres import EmbeddedPostgres
from kumihimo.kernel.sql import Database
from kumihimo.kernel.tlog.leaf import LEAF_BYTES, Submission
from kumihimo.kernel.tlog.note import Kind, NoteSigner
from kumihimo.rooms.ledger.log import Log
from kumihimo.rooms.oversight.api import LOG_ORIGIN

LEAVES: Final = 1_000  # of a submission: those of a full batch of the core
SENDERS: Final = 32  # at once: twice as many as travel in one batch of the log
_PAGE: Final = 8_192


def leaves_per_second(postgres: EmbeddedPostgres, seconds: float) -> tuple[float, float]:
    """Append to a log of its own on this server; returns leaves and commits a second.

    Each submission is answered once it is durable under a signed checkpoint.
    """
    return asyncio.run(_append(postgres, seconds))


async def _append(postgres: EmbeddedPostgres, seconds: float) -> tuple[float, float]:
    entropy = SystemEntropy()
    room = postgres.room("leaves", ["kumihimo.rooms.ledger"], entropy=entropy)
    database = Database(room.runtime)
    await database.open()
    try:
        signer = NoteSigner(LOG_ORIGIN, Kind.TEXT, Ed25519PrivateKey.generate())
        log = Log(database, signer, SystemClock())
        begun = time.perf_counter()

        async def send() -> int:
            done = 0
            while time.perf_counter() - begun < seconds:
                leaves = entropy.bytes(LEAVES * LEAF_BYTES)
                await log.take("linkage", [Submission(new_id(entropy), leaves, "record")])
                done += LEAVES
            return done

        done = sum(await asyncio.gather(*(send() for _ in range(SENDERS))))
        passed = time.perf_counter() - begun
        async with database.transaction() as tx:
            commits: int = await tx.value("SELECT count(*) FROM log_batch")
    finally:
        await database.close()
    return done / passed, commits / passed


def syncs_per_second(folder: Path, seconds: float) -> float:
    """Write a page and sync it, again and again: the limit of whoever commits one by one."""
    done, begun = 0, time.perf_counter()
    with (folder / "synced").open("wb", buffering=0) as file:
        while (passed := time.perf_counter() - begun) < seconds:
            file.write(bytes(_PAGE))
            os.fdatasync(file.fileno())
            done += 1
    (folder / "synced").unlink()
    return done / passed
