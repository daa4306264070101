"""The command line: mounts what exists, and turns refusals and bugs into lines a person can use.

A command lives in `kumihimo.run.<name>_cli` as `app`, a cyclopts `App` whose name is the command's.
It is imported only when it is called, so that `--help` and small commands start at once.

Exit codes: 0 done; 1 refused or failed; 2 the input is not of the form asked for; 130 interrupted.
"""

import sys
import traceback
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import PurePath
from typing import Final

import attrs
from cyclopts import App, CycloptsError

from kumihimo.kernel.refusal import BadInput, Refusal
from kumihimo.kernel.settings import debugging

DONE: Final = 0
FAILED: Final = 1
BAD_INPUT: Final = 2
INTERRUPTED: Final = 130

HELP: Final = """組紐 Kumihimo：誰も一人では結合できないマイナンバー制度の実装。

An open implementation of Japan's My Number system in which no single party can join a
person's data. All people and numbers in it are synthetic.
"""


@attrs.frozen
class Command:
    """One command: its name, the module that holds its `app`, and its line in the help."""

    name: str
    module: str
    help: str

    def exists(self) -> bool:
        """Tell whether this version has the command."""
        return find_spec(self.module) is not None


COMMANDS: Final = (
    Command(
        "demo",
        "kumihimo.run.demo_cli",
        "仮想の国で制度の一部始終を見る。 Watch the whole system at work in a synthetic nation.",
    ),
    Command(
        "serve",
        "kumihimo.run.serve_cli",
        "一つの機関をサービスとして動かす。 Run one room (organisation) as a service.",
    ),
    Command(
        "gateway",
        "kumihimo.run.gateway_cli",
        "中間サーバーの運用。 What the operator of a gateway does by hand.",
    ),
    Command(
        "world",
        "kumihimo.run.world_cli",
        "仮想の国を作る。 Make a synthetic nation and write it to a folder.",
    ),
    Command(
        "statute",
        "kumihimo.run.statute_cli",
        "誰が誰に何を照会できるかを法令から説明する。 Explain from the law who may ask whom what.",
    ),
    Command(
        "bench",
        "kumihimo.run.bench_cli",
        "この機械での速さを測る。 Measure speed on this machine against its own limits.",
    ),
    Command(
        "check-config",
        "kumihimo.run.check_config_cli",
        "設定ファイルを確かめる。 Check a settings file without starting anything.",
    ),
    Command(
        "test",
        "kumihimo.run.testing",
        "静的検査と全テスト。 Run every static check and every test.",
    ),
)


def build(commands: Sequence[Command] = COMMANDS) -> App:
    """Return the command line with those of `commands` that exist, in their order."""
    app = App(
        name="kumihimo", help=HELP, help_format="plaintext", suppress_keyboard_interrupt=False
    )
    for command in _existing(commands):
        app.command(f"{command.module}:app", name=command.name, help=command.help)
    return app


def run(app: App, arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; nothing but `SystemExit` gets past it."""
    try:
        result = app(arguments, exit_on_error=False, result_action="return_value")
    except CycloptsError:
        return BAD_INPUT  # cyclopts has said what is wrong
    except Refusal as refusal:
        return _refused(refusal)
    except KeyboardInterrupt:
        print("kumihimo: 中止しました。 Stopped.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (`| head`) has what it wanted; a flush at exit must not complain again.
        sys.stdout = None
        return FAILED
    except Exception as bug:  # noqa: BLE001 - the outermost door: a bug becomes one line
        return _bug(bug)
    return result if isinstance(result, int) else DONE


def main() -> None:
    """Start the command line; refuses `python -O`, which would drop the assertions."""
    if sys.flags.optimize:
        print(
            "kumihimo: python -O では動きません。 python -O drops assertions; start without it"
            " (unset PYTHONOPTIMIZE).",
            file=sys.stderr,
        )
        raise SystemExit(FAILED)
    raise SystemExit(run(build()))


def _existing(commands: Sequence[Command]) -> Iterator[Command]:
    return (command for command in commands if command.exists())


def _refused(refusal: Refusal) -> int:
    words = f"{refusal.title}: {refusal.detail}" if refusal.detail else refusal.title
    print(f"kumihimo: {words}", file=sys.stderr)
    return BAD_INPUT if isinstance(refusal, BadInput) else FAILED


def _bug(bug: Exception) -> int:
    """Say what and where, never the exception's own words: they may quote a person's data."""
    if debugging():
        traceback.print_exception(bug)
        return FAILED
    frames = traceback.extract_tb(bug.__traceback__)
    where = f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
    print(
        f"kumihimo: 予期しない誤りです（{type(bug).__name__}, {where}）。"
        " This is a bug in Kumihimo; KUMIHIMO_DEBUG=1 shows all of it.",
        file=sys.stderr,
    )
    return FAILED
