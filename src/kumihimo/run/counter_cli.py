"""`kumihimo counter`: the counter's console on this terminal, with its card reader."""

from pathlib import Path

from cyclopts import App

from kumihimo.card.pcsc import PcscReader
from kumihimo.card.pcsc import readers as known_readers
from kumihimo.card.readers import FolderReader, NoReader, Reader
from kumihimo.kernel.clock import SystemClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import KeyFileUnsafe
from kumihimo.kernel.log import Log
from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.settings import BadSettings, load
from kumihimo.operations.graces import OVERSIGHT, grace_of
from kumihimo.pages.officers import SALT_BYTES, Passcode, save_officer
from kumihimo.rooms.cards.pages.screens import build
from kumihimo.rooms.cards.pages.settings import CounterSettings
from kumihimo.run.asking import asked, passphrase_of, secret_of
from kumihimo.run.serve_cli import run_service
from kumihimo.run.service import Service

app = App(
    name="counter",
    help="市区町村の窓口。 A municipality's counter: its pages and its card reader.",
)


@app.command
def run(
    *,
    config: Path,
    reader: str | None = None,
    tray: Path | None = None,
    passphrase_file: Path | None = None,
) -> int:
    """窓口の画面を開く。 Serve the counter's pages on this terminal, until SIGTERM or Ctrl-C.

    Prints the address when the pages answer; it is one of loopback. Either `--reader`, a PC/SC
    reader of this machine (`kumihimo counter readers` lists them), or `--tray`, a folder in place
    of one: the card file that is moved there is the card in the reader.

    Parameters
    ----------
    config
        窓口の設定ファイル。 The counter's settings file, TOML.
    reader
        カードリーダー。 The PC/SC reader's name, or a part of it that no other has.
    tray
        フォルダー。 A folder in place of a reader; one card file may lie in it.
    passphrase_file
        合言葉のファイル。 With --tray: a file with the passphrase of its cards; else you are asked.
    """
    settings = load(config, CounterSettings)
    clock, entropy = SystemClock(), SystemEntropy()
    book, net = settings.book(), settings.net()
    follower = settings.follower(book, None)
    book.expire(grace_of("counter", OVERSIGHT), clock)
    log = Log("counter", clock)
    try:
        console = settings.console(
            beside=config,
            book=book,
            net=net,
            reader=reader_of(reader, tray, passphrase_file),
            clock=clock,
            entropy=entropy,
        )
    except KeyFileUnsafe as error:
        raise BadSettings(str(error)) from None

    host, port = settings.address()
    service = Service(
        room="counter",
        app=build(console, log.reporter()),
        host=host,
        port=port,
        database=None,
        net=net,
        follower=follower,
        ready=follower.start,
    )
    return run_service(service, log)


@app.command
def readers() -> None:
    """この機械のカードリーダー。 List the PC/SC readers of this machine, and which have a card."""
    found = known_readers()
    if not found:
        raise NoReader("the PC/SC service knows of no reader")
    for name in found:
        there = PcscReader(name).there()
        print(f"{name}\t{'カードあり a card' if there else 'カードなし no card'}")


@app.command
def officer(name: str, *, config: Path, passcode_file: Path | None = None) -> None:
    """窓口の職員を登録する。 Let an officer sign in at this terminal, or give her a new passcode.

    Parameters
    ----------
    name
        職員コード。 The officer: small letters, digits and dashes.
    config
        窓口の設定ファイル。 The counter's settings file.
    passcode_file
        暗証のファイル。 A file with her passcode; without it she is asked for one, twice.
    """
    settings = load(config, CounterSettings)
    question = "職員の暗証 Passcode: "
    typed = secret_of(passcode_file, question, option="passcode-file", twice=True)
    kept = Passcode.parse(typed, SystemEntropy().bytes(SALT_BYTES))
    save_officer(config.parent / settings.officers, name, kept)
    print(
        f"{name}: 登録しました。 This officer may sign in; a counter that runs is to be restarted."
    )


def reader_of(name: str | None, tray: Path | None, passphrase_file: Path | None) -> Reader:
    """Return the reader that was named, or a folder in place of one. Raises `BadInput`, `NoReader`."""
    secret = None if passphrase_file is None else passphrase_of(passphrase_file)
    if tray is None and name is not None:
        return PcscReader.named(name)
    if tray is None or name is not None:
        raise BadInput("either --reader NAME or --tray FOLDER", pointer="reader")
    if not tray.is_dir():
        raise BadInput(f"--tray: {tray}: there is no such folder", pointer="tray")
    if secret is None:
        secret = asked(f"合言葉 Passphrase of the cards in {tray}: ", of=f"--tray: {tray}: ")
    return FolderReader(tray, secret, SystemEntropy())
