"""What group operations and signatures alone would allow here: the limit that no code gets past."""

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.group import base, hash_to_group, random_scalar
from kumihimo.kernel.seal import convert, open_sealed, seal

BATCH = 1_000  # inquiries that travel together
# Signatures for one batch, each made once and checked once: question and answer of the inquiry, of
# the provision, of each side's ends, of the records and of the ends for the ledger; and the sheet.
SIGNATURES = 13
TIMES = 3  # person to provider, person to ledger, the provider's own person to ledger


def crypto_limit(seconds: float) -> float:
    """Return how many inquiries a second the operations of the protocol allow on all cores."""
    cores = multiprocessing.cpu_count()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(cores, mp_context=context) as pool:
        return sum(pool.map(operations, [seconds] * cores))


def operations(seconds: float) -> float:
    """Do, again and again, what one inquiry needs of all parties; returns how often a second."""
    entropy = SystemEntropy()
    key, factor = random_scalar(entropy), random_scalar(entropy)
    to, person = base(key), hash_to_group(b"bench", b"kumihimo-bench")
    signing = Ed25519PrivateKey.generate()
    message, public = entropy.bytes(256), signing.public_key()
    done, begun = 0, time.perf_counter()
    while (passed := time.perf_counter() - begun) < seconds:
        for _ in range(TIMES):
            sealed = seal(person, to=to, entropy=entropy)
            converted = convert(sealed, by=factor, to=to, entropy=entropy)
            open_sealed(converted, key=key)
        if done % (BATCH // SIGNATURES) == 0:
            public.verify(signing.sign(message), message)
        done += 1
    return done / passed
