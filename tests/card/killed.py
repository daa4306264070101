"""A process that tries a PIN at a kept card and dies where it is told, as by `kill -9`.

Arguments: the card, the PIN, at which step to die (0: at none). Each step is told before it is
taken: what touches the disk, and the comparison.
"""

import hmac
import os
import signal
import sys
from itertools import count
from pathlib import Path

WATCHED = ("open", "write", "fsync", "replace", "close")


def tell(words, write=os.write):
    write(1, f"{words}\n".encode())


def watch(module, name, armed, steps, deadly):
    """Tell each call of a function of this module, and die at the deadly one."""
    real = getattr(module, name)

    def step(*arguments, **named):
        if armed:
            tell(name)
            if next(steps) == deadly:
                os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **named)

    setattr(module, name, step)


def main():
    card, pin, deadly = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    armed, steps = [], count(1)
    for name in WATCHED:
        watch(os, name, armed, steps, deadly)
    watch(hmac, "compare_digest", armed, steps, deadly)

    from kumihimo.card.keeping import opened  # noqa: PLC0415 - after the watch is set
    from kumihimo.kernel.entropy import SystemEntropy  # noqa: PLC0415
    from kumihimo.kernel.withheld import Withheld  # noqa: PLC0415
    from tests.card.reader import JPKI, powered  # noqa: PLC0415

    passphrase = Withheld(b"a kept card")
    with opened(card, passphrase, entropy=SystemEntropy()) as memory:
        reader = powered(memory)
        reader.select(JPKI)
        tell("ready")
        answer = ""
        while answer not in {"9000", "6984", "6581"}:
            armed.append(True)
            answer = reader.verify(pin, "0018")
            armed.clear()
            tell(f"answer {answer}")


if __name__ == "__main__":
    main()
