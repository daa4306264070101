"""Patroni: a program beside the rooms, in an environment of its own that uv.lock pins."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.settings import environment_with

_ROOT: Final = Path(__file__).resolve().parents[4]
_ENVIRONMENT: Final = _ROOT / ".kumihimo" / "patroni"
_SYSTEM_PYTHON: Final = Path("/usr/bin/python3")
_ADVICE: Final = "pip install 'patroni[etcd3]>=4.1' 'psycopg[binary]'"
_WORDS_SHOWN: Final = 300


def ensure_patroni() -> Path:
    """Return Patroni's program, its environment made if need be; raises `Unavailable`."""
    program, vouches = _ENVIRONMENT / "bin" / "patroni", _ENVIRONMENT / "made-from"
    lock = _ROOT / "uv.lock"
    uv = _ROOT / ".kumihimo" / "bootstrap" / "bin" / "uv"
    if not lock.exists() or not uv.exists():  # no checkout: whoever installed us installs it
        if found := shutil.which("patroni"):
            return Path(found)
        raise Unavailable(f"Patroni is missing; type: {_ADVICE}")
    if not (program.exists() and vouches.exists() and vouches.read_bytes() == lock.read_bytes()):
        print("kumihimo: Patroni を用意します。 Setting up Patroni", file=sys.stderr, flush=True)
        _make(uv)
        vouches.write_bytes(lock.read_bytes())
    return program


def _python() -> Path:
    """Return an interpreter for it: root's own may lie where the account of PostgreSQL cannot read."""
    if os.geteuid() == 0 and _SYSTEM_PYTHON.exists():
        return _SYSTEM_PYTHON
    return Path(sys.executable)


def _make(uv: Path) -> None:
    shutil.rmtree(_ENVIRONMENT, ignore_errors=True)
    only = ["--only-group", "cluster", "--no-install-project", "--no-python-downloads"]
    told = subprocess.run(  # noqa: S603 - the launcher's own uv
        [str(uv), "sync", "--frozen", *only, "--project", str(_ROOT), "--python", str(_python())],
        env=environment_with(UV_PROJECT_ENVIRONMENT=str(_ENVIRONMENT)),
        check=False,
        capture_output=True,
        text=True,
    )
    if told.returncode != 0:
        words = told.stderr.strip()[-_WORDS_SHOWN:]
        raise Unavailable(f"Patroni could not be set up ({words}); check the network, or {_ADVICE}")
