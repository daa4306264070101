"""A desk with a card reader that has two slots, and programs of other people that use it.

The PC/SC service and each program stand in network namespaces of their own.
"""

import re
import subprocess
import sys
import time
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import attrs
from cryptography.x509 import load_der_x509_certificate

from kumihimo.card.applications import AUTH_CA, AUTH_CERTIFICATE, JPKI, SIGN_CA, SIGN_CERTIFICATE
from kumihimo.card.carriers import CARRIERS
from kumihimo.card.chip import Chip
from kumihimo.card.memory import Volatile, slot
from kumihimo.card.vpcd import Inserted
from kumihimo.kernel.clock import SystemClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.run.closed_reader import ClosedReader
from kumihimo.run.trial_card import trial_card

AUTH, SIGN = "JPKI (User Authentication PIN)", "JPKI (Digital Signature PIN)"
AUTH_PIN, SIGN_PIN = "1234", "ABC123"
OWN = Path(sys.executable).parent  # programs that came with packages of Python
IN_TIME_S = 60  # a bound for a machine that is busy, not a wait
ALONE = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
[MODULE] = [str(path) for path in Path("/usr/lib").glob("*/opensc-pkcs11.so")] or [""]


@cache
def drawn(carrier):
    """Return the contents of a trial card; its keys are drawn once."""
    return trial_card(CARRIERS[carrier], clock=SystemClock(), entropy=SystemEntropy())


@attrs.frozen
class OnDesk:
    """One card in a slot: what it holds, and every command that came."""

    memory: Volatile
    inserted: Inserted
    commands: list[bytes]

    def der(self, fid):
        return self.memory.contents[slot(JPKI.name, fid)]

    def certificate(self, *, sign=False):
        return load_der_x509_certificate(self.der(SIGN_CERTIFICATE if sign else AUTH_CERTIFICATE))

    def authority(self, *, sign=False):
        return load_der_x509_certificate(self.der(SIGN_CA if sign else AUTH_CA))


@attrs.frozen
class Told:
    code: int
    out: str
    err: str

    @property
    def all(self):
        return self.out + self.err


@attrs.frozen
class Desk:
    """A reader, and a folder that programs work in."""

    reader: ClosedReader
    folder: Path

    def variables(self, **more):
        home = {
            "HOME": str(self.folder),
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG": "C.UTF-8",
        }
        return {**home, **self.reader.variables, **more}

    def run(self, *command, text=None, **variables):
        """Let a program run in a network of its own, and return what it said."""
        done = subprocess.run(
            [*ALONE, *map(str, command)],
            check=False,
            capture_output=True,
            input=text,
            stdin=None if text is not None else subprocess.DEVNULL,
            text=True,
            errors="replace",
            cwd=self.folder,
            env=self.variables(**variables),
            timeout=IN_TIME_S,
        )
        return Told(done.returncode, done.stdout, done.stderr)

    def done(self, *command, **options):
        """Let a program run that must succeed."""
        told = self.run(*command, **options)
        assert told.code == 0, f"{command}\n{told.out}\n{told.err}"
        return told.out

    def file(self, name, content=b""):
        path = self.folder / name
        path.write_bytes(content)
        return path

    @contextmanager
    def card(self, carrier="card", *, at=0, atr=None, switches=None, contents=None):
        """Put a trial card into a slot until the block ends; the programs have seen it by then."""
        memory = Volatile(contents or drawn(carrier))
        chip = Chip(CARRIERS[carrier], memory, entropy=SystemEntropy(), switches=switches)
        commands = []
        told = lambda command, _: commands.append(command)  # noqa: E731
        with Inserted(chip, self.reader.connect(at), atr=atr, told=told) as inserted:
            self.until(at, "Yes")
            yield OnDesk(memory, inserted, commands)
        self.until(at, "No")

    def until(self, at, there):
        """Wait until programs see a card in a slot, or none."""
        end = time.monotonic() + IN_TIME_S
        line = re.compile(rf"^{at}\s+{there}\b", re.MULTILINE)
        while not line.search(told := self.run("opensc-tool", "-l").all):
            assert time.monotonic() < end, told
            time.sleep(0.02)
