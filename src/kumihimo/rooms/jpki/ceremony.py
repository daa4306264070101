"""A key ceremony: authorities are founded before witnesses, and every step is written down.

The transcript names people, steps, times and fingerprints, and nothing secret. It is written line by
line, so that one that breaks off shows how far it came.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from kumihimo.kernel.clock import JST, Clock
from kumihimo.kernel.refusal import BadInput
from kumihimo.rooms.jpki.api import Authority, Ca
from kumihimo.rooms.jpki.authorities import found_generation
from kumihimo.rooms.jpki.context import Jpki
from kumihimo.rooms.jpki.domain.profiles import GenerationName

WITNESSES_MIN: Final = 2  # our choice: nobody holds a ceremony alone
NAME_CHARS_MAX: Final = 64

Write = Callable[[str], None]


def check_people(operator: str, witnesses: Sequence[str]) -> None:
    """Raise `BadInput` unless an operator and two different witnesses are named."""
    for name in (operator, *witnesses):
        if not 0 < len(name.strip()) <= NAME_CHARS_MAX or not name.isprintable():
            raise BadInput("a name is 1 to 64 characters on one line", pointer="witness")
    present = {name.strip() for name in witnesses} - {operator.strip()}
    if len(present) < WITNESSES_MIN:
        raise BadInput(
            f"{WITNESSES_MIN} witnesses besides the operator are named", pointer="witness"
        )


async def hold(
    jpki: Jpki,
    cas: Sequence[Ca],
    *,
    named: GenerationName,
    operator: str,
    witnesses: Sequence[str],
    store: str,
    write: Write,
) -> list[Authority]:
    """Found a generation of each authority; returns them. `store` says where the keys are.

    Raises `BadInput` before anything is done.
    """
    check_people(operator, witnesses)
    steps = Steps(write, jpki.clock)
    write("KEY CEREMONY / 鍵生成の記録")
    write(f"held: {_when(jpki.clock.now())}")
    write(f"operator: {operator.strip()}")
    for witness in witnesses:
        write(f"witness: {witness.strip()}")
    write(f"authorities: {', '.join(cas)}; generation of cards: {named}")
    write(f"key store: {store}")
    write("")
    founded: list[Authority] = []
    for ca in cas:
        steps.tell(f"the {ca} authority")
        one = await found_generation(jpki, ca, named=named, actor="ceremony", tell=steps.tell)
        founded.append(one)
    steps.tell("the ceremony ends")
    write("")
    for name in (operator, *witnesses):
        write(f"signature of {name.strip()}: ______________________________")
    return founded


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ} ({at.astimezone(JST):%Y-%m-%d %H:%M:%S} JST)"


class Steps:
    """Numbers the steps and says when each was done."""

    def __init__(self, write: Write, clock: Clock) -> None:
        self._write = write
        self._clock = clock
        self._count = 0

    def tell(self, what: str) -> None:
        """Write down a step."""
        self._count += 1
        self._write(f"{self._count:>3}  {self._clock.now():%H:%M:%SZ}  {what}")
