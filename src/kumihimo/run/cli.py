"""The command line: mounts what exists, and turns refusals and bugs into lines a person can use.

A command lives in `kumihimo.run.<name>_cli` as `app`, a cyclopts `App` whose name is the command's.
It is imported only when it is called, so that `--help` and small commands start at once.

Exit codes: 0 done; 1 refused or failed; 2 the input is not of the form asked for; 130 interrupted;
143 and 129 ended by SIGTERM and SIGHUP.
"""

import io
import logging
import signal
import sys
import traceback
import unicodedata
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import PurePath
from typing import Final

import attrs
from cyclopts import App, CycloptsError, Parameter, UnknownCommandError

from kumihimo.kernel.refusal import BadInput, Refusal
from kumihimo.kernel.settings import debugging
from kumihimo.run.stopping import Stopped, Stopper

DONE: Final = 0
FAILED: Final = 1
BAD_INPUT: Final = 2
INTERRUPTED: Final = 130
LINE_CHARS_MAX: Final = 500  # our choice: what is wrong stands at its beginning

HELP: Final = """組紐 Kumihimo：誰も一人では結合できないマイナンバー制度の実装。

An open implementation of Japan's My Number system in which no single party can join a \
person's data. All people and numbers in it are synthetic.
"""
# Controls, marks of direction, lone surrogates; line and paragraph separators.
_UNPRINTED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


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
        "cluster",
        "kumihimo.run.cluster_cli",
        "データベースの一台が倒れても止まらない構成を試す。 Try rooms on a database that outlives its leader.",
    ),
    Command(
        "operations",
        "kumihimo.run.operations_cli",
        "全機関の運用。 What whoever operates several rooms looks at.",
    ),
    Command(
        "keys",
        "kumihimo.run.keys_cli",
        "機関の鍵ファイル。 A party's key file, and what it publishes.",
    ),
    Command(
        "migrate",
        "kumihimo.run.migrate_cli",
        "データベースを準備する。 Bring a room's database to the form this program needs.",
    ),
    Command(
        "watch",
        "kumihimo.run.watch_cli",
        "誰が書き込んだかを機関に見せる。 Let a room see who wrote into its database.",
    ),
    Command(
        "oversight",
        "kumihimo.run.oversight_cli",
        "監督機関の運用。 What oversight's operator does by hand.",
    ),
    Command(
        "register",
        "kumihimo.run.register_cli",
        "住基ネットの運用。 What register's operator does by hand.",
    ),
    Command(
        "jpki",
        "kumihimo.run.jpki_cli",
        "認証局の運用。 What the operator of the certification authority does by hand.",
    ),
    Command(
        "gateway",
        "kumihimo.run.gateway_cli",
        "中間サーバーの運用。 What the operator of a gateway does by hand.",
    ),
    Command(
        "ledger",
        "kumihimo.run.ledger_cli",
        "記録開示の運用。 What the ledger's operator does by hand.",
    ),
    Command(
        "portal",
        "kumihimo.run.portal_cli",
        "マイナポータルの運用。 What the portal's operator does by hand.",
    ),
    Command(
        "witness",
        "kumihimo.run.witness_cli",
        "公開ログの立会人になる。 Watch the public log as a witness of your own.",
    ),
    Command(
        "verify",
        "kumihimo.run.verify_cli",
        "持ち帰った履歴を確かめる。 Check a history that a person took away.",
    ),
    Command(
        "agency",
        "kumihimo.run.agency_cli",
        "デジタル庁の閲覧。 What the Digital Agency's people look at.",
    ),
    Command(
        "card",
        "kumihimo.run.card_cli",
        "試験用カード。 A TEST card as a file, and readers to put it into.",
    ),
    Command(
        "cards",
        "kumihimo.run.cards_cli",
        "カード発行の運用。 What the operator of cards does by hand.",
    ),
    Command(
        "counter",
        "kumihimo.run.counter_cli",
        "市区町村の窓口。 A municipality's counter: its pages and its card reader.",
    ),
    Command(
        "world",
        "kumihimo.run.world_cli",
        "仮想の国を作る。 Make a synthetic nation and write it to a folder.",
    ),
    Command(
        "audit",
        "kumihimo.run.audit_cli",
        "ひも付け誤り総点検。 The mis-link audit: is each number tied to the right person?",
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
        "scale",
        "kumihimo.run.scale_cli",
        "全国で使うのに要る機械を計算する。 Reckon what a whole country needs of machines.",
    ),
    Command(
        "check-config",
        "kumihimo.run.check_config_cli",
        "設定ファイルを確かめる。 Check a settings file without starting anything.",
    ),
    Command(
        "chaos",
        "kumihimo.run.chaos_cli",
        "故障だらけの連合を千回動かす。 Run a federation full of faults, a thousand times.",
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
        name="kumihimo",
        help=HELP,
        help_format="plaintext",
        suppress_keyboard_interrupt=False,
        default_parameter=Parameter(negative=()),
    )
    for command in _existing(commands):
        app.command(f"{command.module}:app", name=command.name, help=command.help)
    return app


def run(app: App, arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; nothing but `SystemExit` gets past it."""
    try:
        result = app(
            arguments, exit_on_error=False, print_error=False, result_action="return_value"
        )
        if sys.stdout is not None:  # closed by whoever started us
            sys.stdout.flush()  # a full disk is told here, not by the interpreter's last words
    except CycloptsError as error:
        _say(_unknown(error) if isinstance(error, UnknownCommandError) else str(error))
        return BAD_INPUT
    except Refusal as refusal:
        return _refused(refusal)
    except KeyboardInterrupt as stop:
        _say("中止しました。 Stopped.")
        return stop.code if isinstance(stop, Stopped) else INTERRUPTED
    except OSError as error:
        return _failed(error)
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
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal or a file in another encoding gets escapes, not an end in the middle.
            stream.reconfigure(errors="backslashreplace")
    # Who ends a command cuts off queries; psycopg would tell of each. A room's log still hears it.
    logging.getLogger("psycopg").addHandler(logging.NullHandler())
    stop = Stopper()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup has reasons of its own
            signal.signal(number, stop)
    raise SystemExit(run(build()))


def _existing(commands: Sequence[Command]) -> Iterator[Command]:
    return (command for command in commands if command.exists())


def _say(words: str) -> None:
    """Print one line of bounded length; what could steer a terminal is shown, not obeyed."""
    shown = "".join(
        f"\\u{ord(sign):04x}" if unicodedata.category(sign) in _UNPRINTED else sign
        for sign in words[:LINE_CHARS_MAX]
    )
    print(f"kumihimo: {shown}{'…' if len(words) > LINE_CHARS_MAX else ''}", file=sys.stderr)


def _unknown(error: UnknownCommandError) -> str:
    """Say which commands there are. In its own words the library would read each of them in first."""
    assert error.app is not None
    assert error.unused_tokens
    typed, names = error.unused_tokens[0], [one for one in error.app if not one.startswith("-")]
    near = get_close_matches(typed, names, n=1)
    meant = f' Did you mean "{near[0]}"?' if near else ""
    return f'Unknown command "{typed}".{meant} Commands: {", ".join(names)}.'


def _refused(refusal: Refusal) -> int:
    _say(f"{refusal.title}: {refusal.detail}" if refusal.detail else refusal.title)
    return BAD_INPUT if isinstance(refusal, BadInput) else FAILED


def _failed(error: OSError) -> int:
    """Say what the operating system refused: a full disk, a missing right."""
    if isinstance(error, BrokenPipeError):
        # The reader (`| head`) has what it wanted; a flush at exit must not complain again.
        sys.stdout = None
        return FAILED
    if debugging():
        traceback.print_exception(error)
        return FAILED
    why = error.strerror or type(error).__name__
    what = f"{error.filename}: {why}" if error.filename else why
    _say(f"読み書きできません。 The system refused: {what} ({_place(error)})")
    try:
        sys.stdout.flush()
    except OSError:
        sys.stdout = None  # it was the one that is full
    return FAILED


def _bug(bug: Exception) -> int:
    """Say what and where, never the exception's own words: they may quote a person's data."""
    if debugging():
        traceback.print_exception(bug)
        return FAILED
    _say(
        f"予期しない誤りです（{type(bug).__name__}, {_place(bug)}）。"
        " This is a bug in Kumihimo; KUMIHIMO_DEBUG=1 shows all of it."
    )
    return FAILED


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
