"""Debian packages that the tests and the card reader need: installs what is missing, and only that.

The driver of the virtual card reader (vpcd) listens on every interface as soon as the machine's
own PC/SC service loads it. So it is never installed: it is unpacked into a folder of this checkout,
where only a reader that we start inside a network namespace of its own finds it. So are the servers
of `kumihimo cluster`, which Debian would start with the machine.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import attrs

from kumihimo.kernel.refusal import Unavailable

READER: Final = ("iproute2", "libqrencode4", "pcscd", "util-linux")
TESTS: Final = (
    *READER,
    "bsdutils",
    "chromium-headless-shell",
    "curl",
    "default-jdk-headless",
    "fonts-noto-cjk",
    "gnutls-bin",
    "golang-go",
    "golang-golang-x-mod-dev",
    "libengine-pkcs11-openssl",
    "libfaketime",
    "openssh-client",
    "opensc",
    "openssl",
    "pcsc-tools",
    "python3-pyscard",
    "socat",
    "softhsm2",
    "strace",
    "systemd",
    "wrk",
)
DRIVER_PACKAGE: Final = "vsmartcard-vpcd"
SERVERS: Final = {"etcd": "etcd-server", "haproxy": "haproxy", "pgbouncer": "pgbouncer"}
_DRIVER: Final = Path("usr/lib/pcsc/drivers/serial/libifdvpcd.so")
_OURS: Final = Path(__file__).resolve().parents[3] / ".kumihimo"
_PRIVATE: Final = _OURS / "vpcd"
_SERVERS: Final = _OURS / "servers"
_SYSTEM_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_LOCK_WAIT_S: Final = 120  # another apt, such as unattended-upgrades, may be at work
_LINES_SHOWN: Final = 3


def ensure(packages: Sequence[str]) -> None:
    """Install those of `packages` that are missing; raises `Unavailable` with what to type."""
    missing = absent(packages)
    if not missing:
        return
    before = _rights(missing)
    _say(
        f"Debian のパッケージを入れます（{len(missing)}）。"
        f" Installing with apt-get: {' '.join(missing)}"
    )
    _with_lists(before, _install(before, missing), advice=to_type(missing))
    if left := absent(packages):
        raise Unavailable(f"apt-get said that it is done, but these are missing: {' '.join(left)}")


def ensure_driver() -> Path:
    """Return the virtual reader's driver, unpacked from its package if it is not there yet."""
    for found in (Path("/") / _DRIVER, _PRIVATE / _DRIVER):
        if found.exists():
            return found
    if shutil.which("apt-get") is None:
        raise Unavailable(f"the driver of the virtual card reader: Debian's {DRIVER_PACKAGE}")
    _say(f"仮想カードリーダーを用意します。 Unpacking {DRIVER_PACKAGE} into {_PRIVATE}")
    _unpack([DRIVER_PACKAGE], _PRIVATE)
    return _PRIVATE / _DRIVER


@attrs.frozen
class Program:
    """A program that is there to be started, and where the libraries lie that came with it."""

    path: Path
    libraries: str = ""


def ensure_servers() -> dict[str, Program]:
    """Return the programs of `SERVERS`, unpacked with what they need where they are not there.

    Raises `Unavailable` with what to type. Nothing is installed, so no right is needed for it.
    """
    found = {name: _program(name) for name in SERVERS}
    if missing := [SERVERS[name] for name, program in found.items() if program is None]:
        if shutil.which("apt-get") is None:
            raise Unavailable(f"Debian's packages {' '.join(missing)} are missing")
        _say(f"サーバーを用意します。 Unpacking {' '.join(missing)} into {_SERVERS}")
        _unpack(_with_what_they_need(missing), _SERVERS)
        found = {name: _program(name) for name in SERVERS}
    if left := [SERVERS[name] for name, program in found.items() if program is None]:
        raise Unavailable(f"these did not bring their programs; type: {to_type(left)}")
    return {name: program for name, program in found.items() if program is not None}


def _program(name: str) -> Program | None:
    """Return a program of the system, or one that was unpacked here."""
    if found := shutil.which(name, path=_SYSTEM_PATH):
        return Program(Path(found))
    for folder in ("usr/sbin", "usr/bin"):
        if (path := _SERVERS / folder / name).exists():
            places = [*_SERVERS.glob("usr/lib/*-linux-gnu*"), *_SERVERS.glob("lib/*-linux-gnu*")]
            return Program(path, ":".join(map(str, sorted(places))))
    return None


def _with_what_they_need(packages: Sequence[str]) -> list[str]:
    """Return the packages that an installation would bring, which this does not make."""
    ask = ["apt-get", "install", "--simulate", "--no-install-recommends", *packages]
    told = _with_lists(_sudo(), ask, advice=to_type(packages))
    return [line.split()[1] for line in told.splitlines() if line.startswith("Inst ")]


def _unpack(packages: Sequence[str], into: Path) -> None:
    """Unpack packages into a folder that is whole or not there."""
    shutil.rmtree(into, ignore_errors=True)
    half = into.with_name(f"{into.name}-{os.getpid()}")
    half.mkdir(parents=True)
    try:
        download = ["apt-get", "download", *packages]
        _with_lists(_sudo(), download, cwd=half, advice=f"apt-get download {' '.join(packages)}")
        for archive in sorted(half.glob("*.deb")):
            _run(["dpkg-deb", "-x", str(archive), str(half)], advice=f"dpkg-deb -x {archive}")
            archive.unlink()
        half.rename(into)
    finally:
        shutil.rmtree(half, ignore_errors=True)


def absent(packages: Iterable[str]) -> list[str]:
    """Return those of `packages` that dpkg does not hold, in their order."""
    wanted = list(packages)
    if shutil.which("dpkg-query") is None:
        raise Unavailable(f"this is not a Debian system; needed are the programs of: {wanted}")
    command = ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", *wanted]
    told = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    held = {line.split()[0] for line in told.stdout.splitlines() if line.endswith(" installed")}
    return [name for name in wanted if name not in held]


def to_type(packages: Sequence[str]) -> str:
    """Return the line that a person types to install packages."""
    names = " ".join(packages)
    return f"sudo apt-get update && sudo apt-get install -y --no-install-recommends {names}"


def _rights(missing: Sequence[str]) -> list[str]:
    """Return what goes before apt-get for it to be allowed; raises `Unavailable`."""
    before = _sudo()
    if shutil.which("apt-get") is None or (os.geteuid() != 0 and not before):
        raise Unavailable(f"Debian packages are missing; type: {to_type(missing)}")
    return before


def _sudo() -> list[str]:
    if os.geteuid() == 0 or shutil.which("sudo") is None:
        return []
    asked = subprocess.run(["sudo", "-n", "true"], check=False, capture_output=True)  # noqa: S607
    return ["sudo", "-n"] if asked.returncode == 0 else []


def _install(before: Sequence[str], packages: Sequence[str]) -> list[str]:
    quiet = ["env", "DEBIAN_FRONTEND=noninteractive"]
    wait = ["-o", f"DPkg::Lock::Timeout={_LOCK_WAIT_S}"]
    return [
        *before,
        *quiet,
        "apt-get",
        *wait,
        "install",
        "-y",
        "--no-install-recommends",
        *packages,
    ]


def _with_lists(
    before: Sequence[str], command: Sequence[str], *, advice: str, cwd: Path | None = None
) -> str:
    """Run an apt command; a machine whose lists are missing or old gets new ones, and it runs again."""
    try:
        return _run(command, advice=advice, cwd=cwd)
    except Unavailable:
        _say("パッケージの一覧を新しくします。 Updating the lists of packages (apt-get update)")
        _run([*before, "apt-get", "update"], advice=advice)
        return _run(command, advice=advice, cwd=cwd)


def _run(command: Sequence[str], *, advice: str, cwd: Path | None = None) -> str:
    told = subprocess.run(  # noqa: S603 - the commands are this file's own
        ["env", "LC_ALL=C.UTF-8", *command],  # noqa: S607
        cwd=cwd,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if told.returncode != 0:
        last = " / ".join(told.stdout.splitlines()[-_LINES_SHOWN:])
        raise Unavailable(f"{' '.join(command[:3])} failed ({last}); type: {advice}")
    return told.stdout


def _say(words: str) -> None:
    print(f"kumihimo: {words}", file=sys.stderr, flush=True)
