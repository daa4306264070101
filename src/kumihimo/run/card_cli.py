"""`kumihimo card`: a TEST card as a file, and readers to put it into."""

import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from socket import socket
from threading import Lock
from typing import Annotated, Final, Literal

from cyclopts import App, Parameter

from kumihimo.card import keeping, vpcd
from kumihimo.card.apdu_log import ApduLog
from kumihimo.card.carriers import CARRIERS, card_in
from kumihimo.card.chip import Chip
from kumihimo.card.keeping import Kept
from kumihimo.card.vpcd import Inserted
from kumihimo.kernel.clock import SystemClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.refusal import BadInput, Conflict, Unavailable
from kumihimo.run import card_showing
from kumihimo.run.asking import asked, passphrase_of
from kumihimo.run.closed_reader import SLOTS, ClosedReader, closed_reader
from kumihimo.run.trial_card import trial_card

HELP: Final = (
    "試験用カード。 A TEST card as a file: make it, look at it, put it into a card reader."
)
CONTACTLESS: Final = bytes.fromhex("3B888001000000003381810000BB")  # as a reader makes one up
SEEN_IN_S: Final = 30.0
_PINS_TOLD: Final = """暗証番号 PINs: 利用者証明用 auth 1234, 署名用 sign ABC123,
  券面入力補助用 text 1234, 住民基本台帳用 card 1234"""
_NO_READER: Final = (
    "no virtual reader is open on 127.0.0.1:{port}. Either let a program run with a reader of its"
    " own: kumihimo card run {card} -- opensc-tool -l; or open this machine's:"
    " sudo apt-get install -y pcscd vsmartcard-vpcd (docs/how-to/test-your-card-software.md)"
)
Carrier = Literal["card", "pinless", "child", "android", "iphone", "next"]

app = App(name="card", help=HELP)
app.command(
    "kumihimo.run.card_helper:app",
    name="helper",
    help="ポータルのためにカードで署名する。 Have a card sign what a portal asks.",
)


@app.command
def new(out: Path, *, carrier: Carrier = "card", passphrase_file: Path | None = None) -> None:
    """試験用カードを作る。 Make a TEST card with keys and certificates of its own.

    Parameters
    ----------
    out
        書く先。 The file to write; there must be none yet.
    carrier
        種類。 card (the ordinary one), pinless (顔認証), child, android, iphone, or next (P-384).
    passphrase_file
        合言葉のファイル。 A file with the passphrase; without it you are asked for one.
    """
    if out.is_symlink() or out.exists():
        raise Conflict(f"{out}: there is a file already; a card is never overwritten")
    passphrase = passphrase_of(passphrase_file, twice=True)
    entropy = SystemEntropy()
    try:
        contents = trial_card(CARRIERS[carrier], clock=SystemClock(), entropy=entropy)
        keeping.create(out, contents, passphrase, entropy=entropy)
    except FileExistsError:
        raise Conflict(f"{out}: there is a file already; a card is never overwritten") from None
    print(f"{out}: 試験用カードを作りました。 A TEST card; nobody in it exists.")
    if carrier != "pinless":
        print(_PINS_TOLD)


@app.command
def show(card: Path, *, passphrase_file: Path | None = None) -> None:
    """カードの中身を示す（秘密は出さない）。 Tell what is on a card, without secrets.

    Parameters
    ----------
    card
        カードのファイル。 The card's file.
    passphrase_file
        合言葉のファイル。 A file with its passphrase; without it you are asked.
    """
    with _opened(card, passphrase_file) as memory:
        card_showing.show(memory)


@app.command
def insert(
    card: Path,
    *,
    slot: int = 0,
    port: int = vpcd.PORT,
    contactless: bool = False,
    passphrase_file: Path | None = None,
) -> None:
    """この機械のカードリーダーに入れる（Ctrl-C で抜く）。 Put a card into this machine's reader.

    The reader is vpcd, reached on loopback only. Shows what passes between reader and card, without
    PINs and contents. Ctrl-C takes the card out.

    Parameters
    ----------
    card
        カードのファイル。 The card's file.
    slot
        差込口。 The reader's slot: 0 or 1.
    port
        ポート。 The port of slot 0; vpcd's own by default.
    contactless
        非接触の応答。 Answer to reset as a contactless reader makes one up.
    passphrase_file
        合言葉のファイル。 A file with its passphrase; without it you are asked.
    """
    _check_place(slot, port)
    with _opened(card, passphrase_file) as memory:
        try:
            connection = vpcd.connect(slot, port=port)
        except vpcd.NoReader:
            raise Unavailable(_NO_READER.format(port=port + slot, card=card)) from None
        if _open_to_all(port + slot):
            _say(
                "注意：このリーダーは外部からも届きます。 Others on your network can reach this reader."
            )
        try:
            with _inserted(memory, connection, contactless=contactless, named="") as inserted:
                _say(
                    "カードを入れました（Ctrl-C で抜く）。 The card is in the reader; Ctrl-C: out."
                )
                inserted.wait()
        finally:
            _say("カードを抜きました。 The card is out.")
    raise Unavailable("the reader closed its slot")


@app.command
def run(
    card: Path,
    *command: Annotated[str, Parameter(allow_leading_hyphen=True)],
    second: Path | None = None,
    contactless: bool = False,
    quiet: bool = False,
    passphrase_file: Path | None = None,
) -> int:
    """専用のカードリーダーとともにプログラムを動かす。 Run a program with a card reader of its own.

    `kumihimo card run my.card -- pkcs15-tool --list-certificates`. The reader is in a network
    namespace of its own: nobody else can reach it, and this machine's readers are left alone. Ends
    with the program, with its exit code.

    Parameters
    ----------
    card
        カードのファイル。 The card's file.
    command
        動かすもの。 The program and its arguments, after two dashes.
    second
        二枚目。 A card for the second slot, under the same passphrase.
    contactless
        非接触の応答。 Answer to reset as a contactless reader makes one up.
    quiet
        記録を出さない。 Do not show what passes between reader and card.
    passphrase_file
        合言葉のファイル。 A file with the passphrase; without it you are asked.
    """
    cards = [card] if second is None else [card, second]
    for path in cards:
        keeping.check(path)
    passphrase = passphrase_of(passphrase_file)
    if not command:
        raise BadInput("a program to run, after two dashes: card run my.card -- opensc-tool -l")
    with ExitStack() as stack:
        entropy = SystemEntropy()
        memories = [
            stack.enter_context(keeping.opened(path, passphrase, entropy=entropy)) for path in cards
        ]
        reader = stack.enter_context(closed_reader())
        put = [
            stack.enter_context(
                _inserted(
                    memory,
                    reader.connect(at),
                    contactless=contactless,
                    named=f"{at} " if second else "",
                    quiet=quiet,
                )
            )
            for at, memory in enumerate(memories)
        ]
        for inserted in put:
            if not inserted.seen(SEEN_IN_S):
                raise Unavailable("the PC/SC service does not take the card")
        return _program(reader, command)


@app.command
def pin(
    card: Path,
    which: Literal["auth", "sign", "text", "card"],
    *,
    passphrase_file: Path | None = None,
) -> None:
    """暗証番号を変える。 Change a PIN of a card.

    Parameters
    ----------
    card
        カードのファイル。 The card's file.
    which
        どの暗証番号か。 auth (利用者証明用), sign (署名用), text (券面入力補助用), card (住基用).
    passphrase_file
        合言葉のファイル。 A file with the card's passphrase; without it you are asked.
    """
    with _opened(card, passphrase_file) as memory:
        old = asked("今の暗証番号 PIN now: ")
        new_pin = asked("新しい暗証番号 New PIN: ")
        card_showing.change(memory, which, old, new_pin)
    print("暗証番号を変えました。 The PIN is changed.")


@contextmanager
def _opened(path: Path, passphrase_file: Path | None) -> Generator[Kept]:
    keeping.check(path)  # before anybody types a passphrase
    passphrase = passphrase_of(passphrase_file)
    with keeping.opened(path, passphrase, entropy=SystemEntropy()) as memory:
        yield memory


@contextmanager
def _inserted(
    memory: Kept, connection: socket, *, contactless: bool, named: str, quiet: bool = False
) -> Generator[Inserted]:
    """Put a card into a slot, its commands shown line by line, and pull it out at the end."""
    card = card_in(memory)
    log, one_at_a_time = ApduLog(card), Lock()

    def told(command: bytes, answer: bytes) -> None:
        with one_at_a_time:
            print(f"{named}{log.line(command, answer)}", file=sys.stderr, flush=True)

    atr = CONTACTLESS if contactless else None
    chip = Chip(card, memory, entropy=SystemEntropy())
    with Inserted(chip, connection, atr=atr, told=None if quiet else told) as inserted:
        yield inserted


def _program(reader: ClosedReader, command: Sequence[str]) -> int:
    variables = [f"{name}={value}" for name, value in reader.variables.items()]
    try:
        return subprocess.run(["env", *variables, *command], check=False).returncode  # noqa: S603, S607
    except ValueError:
        raise BadInput(
            "the program's name or an argument cannot be one", pointer="command"
        ) from None


def _check_place(slot: int, port: int) -> None:
    if not 0 <= slot < SLOTS:
        raise BadInput("--slot: 0 or 1", pointer="slot")
    if not 1 <= port <= 0xFFFF - SLOTS:
        raise BadInput("--port: 1 to 65533", pointer="port")


def _open_to_all(port: int) -> bool:
    """Say whether somebody listens on a port of every interface."""
    wanted = f"00000000:{port:04X}"
    return any(line.split()[1] == wanted for line in Path("/proc/net/tcp").read_text().splitlines())


def _say(words: str) -> None:
    print(f"kumihimo: {words}", file=sys.stderr, flush=True)
