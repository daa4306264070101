"""What the group operations alone would allow on this machine: the limit that no code gets past."""

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor

from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.group import base, hash_to_group, random_scalar
from kumihimo.kernel.seal import convert, open_sealed, seal

TIMES = 3  # person to provider, person to ledger, the provider's own person to ledger


def crypto_limit(seconds: float) -> float:
    """Return how many inquiries a second the protocol's group operations allow on all cores."""
    cores = multiprocessing.cpu_count()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(cores, mp_context=context) as pool:
        return sum(pool.map(group_operations, [seconds] * cores))


def group_operations(seconds: float) -> float:
    """Do, again and again, what one inquiry needs of all parties; returns how often a second."""
    entropy = SystemEntropy()
    key, factor = random_scalar(entropy), random_scalar(entropy)
    to, person = base(key), hash_to_group(b"bench", b"kumihimo-bench")
    done, begun = 0, time.perf_counter()
    while (passed := time.perf_counter() - begun) < seconds:
        for _ in range(TIMES):
            sealed = seal(person, to=to, entropy=entropy)
            converted = convert(sealed, by=factor, to=to, entropy=entropy)
            open_sealed(converted, key=key)
        done += 1
    return done / passed
