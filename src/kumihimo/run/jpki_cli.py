"""`kumihimo jpki`: what the operator of the certification authority does by hand."""

import asyncio
from datetime import date
from pathlib import Path
from typing import Literal

from cyclopts import App
from rich.console import Console

from kumihimo.kernel.refusal import BadInput, Conflict
from kumihimo.kernel.settings import load
from kumihimo.rooms.jpki import ceremony as ceremonies
from kumihimo.rooms.jpki import recalls
from kumihimo.rooms.jpki.api import Authority, Carrier
from kumihimo.rooms.jpki.authorities import CAS
from kumihimo.rooms.jpki.context import Jpki
from kumihimo.rooms.jpki.domain.profiles import GenerationName
from kumihimo.rooms.jpki.domain.recalls import KeyClass
from kumihimo.rooms.jpki.settings import Settings
from kumihimo.run.drill import drill as rehearse
from kumihimo.run.jpki_room import within
from kumihimo.run.verifier_cli import app as verifier_app

CARDS_MAX = 100_000

app = App(
    name="jpki",
    help="認証局の運用。 What the operator of the certification authority does by hand.",
)
app.command(verifier_app)


@app.command
def ceremony(
    *,
    config: Path,
    transcript: Path,
    operator: str,
    witness: list[str],
    ca: Literal["sign", "auth", "both"] = "both",
    generation: GenerationName = "present",
) -> None:
    """鍵生成の式を行う。 Hold a key ceremony: make the authorities' keys and roots, on record.

    Parameters
    ----------
    config
        認証局の設定ファイル。 jpki's settings file.
    transcript
        記録を書くファイル。 The file to write the transcript to; there must be none yet.
    operator
        実施者の氏名。 Who holds it.
    witness
        立会人の氏名（二人以上）。 Who watches it; name two at least, each by one `--witness`.
    ca
        認証局。 Which authority.
    generation
        カードの世代。 For which generation of cards: it decides the kind of key.
    """
    settings = load(config, Settings)
    ceremonies.check_people(operator, witness)
    where = "PKCS#11 token" if settings.token is not None else "encrypted files"
    try:
        file = transcript.open("x", encoding="utf-8")
    except FileExistsError:
        raise Conflict(f"{transcript}: there is a file already") from None
    with file:

        def write(line: str) -> None:
            file.write(line + "\n")
            file.flush()

        async def hold(jpki: Jpki) -> list[Authority]:
            return await ceremonies.hold(
                jpki,
                CAS if ca == "both" else (ca,),
                named=generation,
                operator=operator,
                witnesses=witness,
                store=where,
                write=write,
            )

        founded = asyncio.run(within(config, settings, hold))
    for one in founded:
        print(f"{one.ca} {one.generation}: 認証局ができました。 An authority is founded.")
    print(f"{transcript}: 記録。 The transcript; print it and have everybody sign it.")


@app.command
def recall(
    *,
    config: Path,
    carrier: Carrier | None = None,
    issued_from: date | None = None,
    issued_to: date | None = None,
    weakness: str = "",
    resume: str = "",
) -> None:
    """危殆化した鍵の電子証明書を一時停止する。 Suspend every certificate of a broken class of keys.

    May be stopped at any time; `--resume` goes on. Their holders get new ones by orders of cards.

    Parameters
    ----------
    config
        認証局の設定ファイル。 jpki's settings file.
    carrier
        媒体。 Only keys of this carrier: card, android or iphone.
    issued_from
        発行日（から）。 Only certificates issued on this day or later.
    issued_to
        発行日（まで）。 Only certificates issued on this day or before.
    weakness
        弱さ。 Only RSA keys with this weakness: roca, close-primes or small-factor.
    resume
        再開する回収。 The recall that was stopped.
    """
    settings = load(config, Settings)
    broken = KeyClass(
        carrier=carrier, issued_from=issued_from, issued_to=issued_to, weakness=weakness
    )
    if not resume:
        broken.check()
    elif broken != KeyClass():
        raise BadInput("--resume goes on with the class it was begun with", pointer="resume")

    async def suspend(jpki: Jpki) -> tuple[str, int]:
        begun = resume or await recalls.begin(jpki, broken, actor="operator")
        looked = 0
        while found := await recalls.suspend_some(jpki, begun, actor="operator"):
            looked += found
        return begun, sum((await recalls.progress(jpki, begun)).values())

    begun, suspended = asyncio.run(within(config, settings, suspend))
    print(f"{begun}: {suspended} 件の発行を一時停止しました。 {suspended} orders are suspended.")


@app.command
def drill(*, cards: int = 200) -> None:
    """鍵の危殆化の訓練。 Rehearse it on a database of its own: suspend, crash, resume, re-key.

    Nothing of a real authority is touched; the cards are software.

    Parameters
    ----------
    cards
        何枚のカードで行うか。 With how many cards.
    """
    if not 1 <= cards <= CARDS_MAX:
        raise BadInput(f"--cards: 1 to {CARDS_MAX:,}", pointer="cards")
    told = rehearse(cards, Console(stderr=True, highlight=False).print)
    for line in told.lines():
        print(line)
