"""How fast a kept card answers: its signatures beside the bare RSA of the same key, and its reads.

The card is a file as a person keeps it, encrypted and durable; the chip is asked in process, so no
reader stands between. Chip and bare key take turns, so that both meet the same machine.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo

from kumihimo.card import terminal
from kumihimo.card.applications import AUTH_CERTIFICATE, AUTH_KEY, AUTH_PIN, JPKI
from kumihimo.card.carriers import ORDINARY
from kumihimo.card.chip import Chip
from kumihimo.card.holding import HolderKeys
from kumihimo.card.keeping import create, opened
from kumihimo.card.personalise import personalise
from kumihimo.card.specimen import PINS, specimen_order
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.withheld import Withheld
from kumihimo.run.bench_cli import Measure, Tell, measure

SIGNATURES_RATIO: Final = 0.8
TURNS, SECONDS = 20, 0.5
QUICK_TURNS, QUICK_SECONDS = 2, 0.05
_DIGEST_INFO: Final = bytes.fromhex("3031300D060960864801650304020105000420") + bytes(32)
_PASSPHRASE: Final = Withheld(b"benchmark")
Act = Callable[[], bytes]


def run(tell: Tell, *, quick: bool) -> Sequence[Measure]:
    """Measure one card on one core."""
    turns, seconds = (QUICK_TURNS, QUICK_SECONDS) if quick else (TURNS, SECONDS)
    entropy = SystemEntropy()
    keys = HolderKeys.draw()
    contents = personalise(specimen_order(entropy=entropy, keys=keys), entropy=entropy)
    with TemporaryDirectory(prefix="kumihimo-bench-") as folder:
        path = Path(folder) / "card"
        create(path, contents, _PASSPHRASE, entropy=entropy)
        with opened(path, _PASSPHRASE, entropy=entropy) as memory:
            chip = Chip(ORDINARY, memory, entropy=entropy)
            chip.power_on()
            return _measured(chip, keys, turns, seconds, tell)


def _measured(
    chip: Chip, keys: HolderKeys, turns: int, seconds: float, tell: Tell
) -> Sequence[Measure]:
    bare_key = keys.auth
    assert isinstance(bare_key, RSAPrivateKey), "today's card signs by RSA"
    assert PINS.auth is not None, "the specimen has its PINs"
    terminal.select(chip.process, JPKI)
    terminal.verify(chip.process, AUTH_PIN, PINS.auth)
    terminal.select_file(chip.process, AUTH_CERTIFICATE)
    sign = bytes((0x80, 0x2A, 0, 0x80 | AUTH_KEY, len(_DIGEST_INFO))) + _DIGEST_INFO + b"\0"
    read = bytes((0, 0xB0, 0x80 | AUTH_CERTIFICATE, 0, 0))

    def by_chip() -> bytes:
        return chip.process(sign)

    def bare() -> bytes:
        return bare_key.sign(_DIGEST_INFO, PKCS1v15(), NoDigestInfo())

    def reading() -> bytes:
        return chip.process(read)

    assert by_chip() == bare() + b"\x90\x00", "the chip signs what the bare key signs"
    signatures, limit = _in_turns((by_chip, bare), turns, seconds)
    tell(f"{signatures:,.0f} signatures a second, the bare key makes {limit:,.0f}")
    (reads,) = _in_turns((reading,), turns, seconds)
    tell(f"{reads:,.0f} blocks of 256 bytes read a second")
    bare_name = "bare RSA-2048 with the same key"
    return (
        measure(
            "card_signatures_per_second",
            signatures,
            "1/s",
            against=bare_name,
            against_value=limit,
        ),
        measure(
            "card_signatures_ratio_to_rsa",
            signatures / limit,
            "ratio",
            against=bare_name,
            against_value=1.0,
            at_least=SIGNATURES_RATIO,
        ),
        measure("card_apdus_per_second", reads, "1/s", against=bare_name, against_value=limit),
    )


def _in_turns(acts: Sequence[Act], turns: int, seconds: float) -> list[float]:
    """Return how often a second each is done, all of them taking turns."""
    done = [0] * len(acts)
    spent = [0.0] * len(acts)
    for _ in range(turns):
        for index, act in enumerate(acts):
            begun = time.perf_counter()
            while (now := time.perf_counter()) - begun < seconds:
                act()
                done[index] += 1
            spent[index] += now - begun
    return [count / took for count, took in zip(done, spent, strict=True)]
