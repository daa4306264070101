"""Makes the environment from uv.lock when it is missing or old, then becomes the command line.

Runs before anything is installed: standard library only, and it imports nothing of Kumihimo.
Promises: an environment that is not whole never carries a stamp; two starts do not collide; an
interpreter is never downloaded; whatever goes wrong is one message that says what to do.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

INPUTS = ("uv.lock", "pyproject.toml", "bootstrap.txt")
NEEDS_TOOLS = ("test", "chaos")
LOG_LINES_SHOWN = 12
# A caller's choices for other projects must not move or change this one's environment.
NOT_OURS = ("VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH", "UV_PYTHON", "UV_PROJECT", "UV_NO_DEV")


class SetupFailed(Exception):
    """The environment could not be made; the message says what to do about it."""


class Stamp(NamedTuple):
    """What an environment was made from; written last, so that it vouches for the rest."""

    inputs: str
    root: str
    tools: bool

    def serves(self, wanted: "Stamp") -> bool:
        """Tell whether an environment with this stamp can be used for what is wanted."""
        same = (self.inputs, self.root) == (wanted.inputs, wanted.root)
        return same and (self.tools or not wanted.tools)


class Place(NamedTuple):
    """The folders of one checkout."""

    root: Path

    @property
    def env(self) -> Path:
        """Return the environment's folder."""
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        """Return the environment's interpreter."""
        return self.env / "bin" / "python"

    @property
    def private(self) -> Path:
        """Return the folder for the launcher's own things."""
        return self.root / ".kumihimo"

    @property
    def stamp(self) -> Path:
        """Return the file that vouches for the environment."""
        return self.env / "kumihimo-stamp.json"

    @property
    def log(self) -> Path:
        """Return the file that holds what the tools said during the last set-up."""
        return self.private / "setup.log"


def say(message: str) -> None:
    """Tell the person at the terminal one thing; never on stdout, which belongs to commands."""
    print(f"kumihimo: {message}", file=sys.stderr, flush=True)


def wanted_stamp(root: Path, arguments: Sequence[str]) -> Stamp:
    """Return the stamp an environment must carry to serve this call from this checkout."""
    digest = hashlib.sha256()
    for name in INPUTS:
        digest.update(name.encode() + b"\0" + (root / name).read_bytes() + b"\0")
    return Stamp(digest.hexdigest(), str(root), arguments[:1] in [[name] for name in NEEDS_TOOLS])


def read_stamp(place: Place) -> Stamp | None:
    """Return the environment's stamp, or None if it is missing, unreadable or of another form."""
    if not runs(place.python):
        return None
    try:
        return Stamp(**json.loads(place.stamp.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def runs(python: Path) -> bool:
    """Tell whether an interpreter is there to be started."""
    return python.is_file() and os.access(python, os.X_OK)


@contextlib.contextmanager
def only_one(place: Place) -> Generator[None]:
    """Hold the checkout's lock; a second start waits here and then finds the work done."""
    try:
        place.private.mkdir(exist_ok=True)
        handle = (place.private / "lock").open("w")
    except OSError as error:
        raise SetupFailed(
            f"{place.private} に書き込めません。 Cannot write there ({error.strerror}).\n"
            "  Run it once as the owner of this folder, or copy the folder to a place of yours."
        ) from None
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(
                "別の準備が終わるのを待っています。 Waiting for another start to finish its set-up."
            )
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def run(place: Place, command: Sequence[str], extra: Mapping[str, str], what_to_do: str) -> None:
    """Run one tool, keep what it says in the log, raise `SetupFailed` with its last words."""
    environment = {
        key: value
        for key, value in os.environ.items()  # noqa: TID251 - a child needs proxies and PATH
        if key not in NOT_OURS
    }
    with place.log.open("ab") as log:
        start = log.tell()
        try:
            code = subprocess.run(  # noqa: S603 - the commands are this file's own
                command,
                env={**environment, **extra},
                stdin=None if sys.stdin.isatty() else subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                check=False,
            ).returncode
        except OSError as error:
            raise SetupFailed(f"{command[0]}: {error.strerror}\n{what_to_do}") from None
    if code != 0:
        words = place.log.read_bytes()[start:].decode("utf-8", "replace").splitlines()
        last = "\n".join(f"  | {line}" for line in words[-LOG_LINES_SHOWN:])
        raise SetupFailed(f"{Path(command[0]).name} が失敗しました。 failed:\n{last}\n{what_to_do}")


def venv_works() -> bool:
    """Tell whether this interpreter can make environments; Debian ships that part apart."""
    probe = [sys.executable, "-c", "import ensurepip, venv"]
    return subprocess.run(probe, check=False, capture_output=True).returncode == 0  # noqa: S603


def install_venv(place: Place) -> None:
    """Install Debian's python3-venv where that is possible; raises `SetupFailed` where not."""
    package = "python3-venv"
    if Path(sys.executable).resolve() != Path("/usr/bin/python3").resolve():
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    command = f"apt-get install -y {package}"
    advice = f"次を実行してください。 Please run:\n  sudo apt-get update && sudo {command}"
    before: list[str] = []
    if os.geteuid() != 0:
        before = ["sudo"] if sys.stdin.isatty() else ["sudo", "-n"]
    if shutil.which("apt-get") is None or (before and shutil.which("sudo") is None):
        raise SetupFailed(f"Python の venv がありません。 Python's venv is missing.\n{advice}")
    say(f"{package} を入れます。 Installing {package} with apt-get.")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        run(place, [*before, *command.split()], quiet, advice)
    except SetupFailed:
        # A machine that was never asked has no package lists yet.
        run(place, [*before, "apt-get", "update"], quiet, advice)
        run(place, [*before, *command.split()], quiet, advice)
    if not venv_works():
        raise SetupFailed(f"Python の venv が動きません。 Python's venv does not work.\n{advice}")


def find_uv(place: Place) -> Path:
    """Return the pinned uv; installs it by hash into a private environment when it is not there."""
    home = place.private / "bootstrap"
    wanted = place.root / "bootstrap.txt"
    ready = home / "ready"
    digest = hashlib.sha256(wanted.read_bytes()).hexdigest()
    if (home / "bin" / "uv").exists() and ready.exists() and ready.read_text() == digest:
        return home / "bin" / "uv"
    if not venv_works():
        install_venv(place)
    shutil.rmtree(home, ignore_errors=True)
    network = (
        "ネットワークと pip の設定を確かめて、もう一度実行してください。\n"
        "  Check the network and pip's settings (index, proxy, certificates), then run it again."
    )
    run(place, [sys.executable, "-m", "venv", str(home)], {}, f"  See {place.log}.")
    pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check"]
    exact = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", str(wanted)]
    run(place, [*pip, *exact], {}, network)
    ready.write_text(digest)
    return home / "bin" / "uv"


def make(place: Place, wanted: Stamp, found: Stamp | None) -> None:
    """Bring the environment to what is wanted; a fresh one that fails is taken away again."""
    say(
        "環境を準備しています（初回は数分）。 Setting up the environment (minutes, the first time)."
    )
    place.log.write_bytes(b"")
    uv = find_uv(place)
    fresh = not runs(place.python)
    if fresh:
        if place.env.is_symlink() or (place.env.exists() and not place.env.is_dir()):
            # Somebody else's: we make folders there and take only folders away.
            raise SetupFailed(
                f"{place.env} はフォルダーではありません。 This is no folder.\n"
                "  Move it away and run it once more."
            )
        shutil.rmtree(place.env, ignore_errors=True)
    place.stamp.unlink(missing_ok=True)
    # A command that needs no tools does not throw away the tools of an environment that is there.
    tools = wanted.tools or not (fresh or (found and not found.tools))
    interpreter = sys.executable if fresh else str(place.python)
    command = [str(uv), "sync", "--frozen", "--no-progress", "--no-python-downloads"]
    if not tools:
        command.append("--no-dev")
    # Half a gigabyte that only the tests and whoever asked for it need.
    if tools or any(place.env.glob("lib/python*/site-packages/pyspark")):
        command += ["--extra", "spark"]
    command += ["--project", str(place.root), "--python", interpreter]
    advice = (
        f"全文 / all of it: {place.log}\n"
        "  ネットワークを確かめて、もう一度実行してください。 Check the network, then run it again.\n"
        "  If it stays: delete the folders .venv and .kumihimo and run it once more."
    )
    try:
        run(place, command, {"UV_PROJECT_ENVIRONMENT": str(place.env)}, advice)
    except BaseException:
        if fresh:
            shutil.rmtree(place.env, ignore_errors=True)
        raise
    made = place.stamp.with_suffix(".new")
    made.write_text(json.dumps(wanted._replace(tools=tools)._asdict()), "utf-8")
    made.replace(place.stamp)
    say("準備ができました。 Ready.")


def prepare(root: Path, arguments: Sequence[str]) -> Path:
    """Return the interpreter that runs Kumihimo, its environment made if need be."""
    place = Place(root)
    wanted = wanted_stamp(root, arguments)
    found = read_stamp(place)
    if found is None or not found.serves(wanted):
        with only_one(place):
            found = read_stamp(place)
            if found is None or not found.serves(wanted):
                make(place, wanted, found)
    return place.python


def keeping_bytecode(place: Place) -> dict[str, str]:
    """Return an environment in which every Python keeps what it compiled, apart from the sources.

    A demo starts a dozen rooms, and the tests start hundreds: where the caller's environment
    forbids the keeping, each would compile all of it again, which is half of what its start costs.
    """
    variables = dict(os.environ)  # noqa: TID251 - the caller's, for the command that it called
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    return {**variables, "PYTHONPYCACHEPREFIX": str(place.private / "bytecode")}


def main() -> None:
    """Prepare, then become `python -m kumihimo` with the same arguments."""
    root = Path(__file__).resolve().parents[3]
    try:
        python = prepare(root, sys.argv[1:])
    except SetupFailed as failure:
        say(str(failure))
        raise SystemExit(1) from None
    except OSError as error:
        say(f"準備に失敗しました。 Set-up failed: {error}")
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        say("中止しました。 Stopped.")
        raise SystemExit(130) from None
    command = [str(python), "-m", "kumihimo", *sys.argv[1:]]
    sys.stdout.flush()
    try:
        os.execve(python, command, keeping_bytecode(Place(root)))  # noqa: S606 - becomes it
    except OSError as error:
        say(f"{python}: {error.strerror}\n  Delete the folder .venv and run it once more.")
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
