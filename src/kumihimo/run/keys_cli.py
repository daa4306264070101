"""`kumihimo keys`: a party's key file, and what it publishes."""

from datetime import date
from pathlib import Path

import msgspec
from cyclopts import App

from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import KeyFileUnsafe, PartyKeys, load_master, new_master, save_master
from kumihimo.kernel.refusal import BadInput, Conflict
from kumihimo.rooms.oversight.api import PARTY, Entry, Kind

app = App(name="keys", help="機関の鍵ファイル。 A party's key file, and what it publishes.")


@app.command
def new(out: Path) -> None:
    """新しい鍵ファイルを作る。 Write a new key file that only you may read.

    Parameters
    ----------
    out
        書く先。 The file to write; there must be none yet.
    """
    try:
        save_master(out, new_master(SystemEntropy()))
    except FileExistsError:
        raise Conflict(f"{out}: there is a file already; a key is never overwritten") from None
    print(f"{out}: 鍵を作りました。 A new key. Whoever has this file is the party.")


@app.command
def entry(
    party: str, file: Path, *, kind: Kind = "institution", assessed_on: str | None = None
) -> None:
    """名簿への登録内容を印字する。 Print a party's entry for the directory: public keys only.

    Parameters
    ----------
    party
        機関。 The party's name, such as lg-131032, linkage or oversight-operator.
    file
        鍵ファイル。 Its key file.
    kind
        種類。 What it is.
    assessed_on
        特定個人情報保護評価の公表日。 The day on which it published its assessment; without it
        the party may ask nobody.
    """
    found = Entry(
        party=party,
        kind=kind,
        standing="active",
        keys=_keys(party, file).public,
        pia_published_on=_day(assessed_on),
    )
    print(msgspec.json.encode(found).decode())


@app.command
def payload(party: str, file: Path) -> None:
    """受信用の公開鍵を印字する。 Print the public key that payloads to a party are sealed to.

    Parameters
    ----------
    party
        名前。 The name under which it is registered, such as bank-of-minato at jpki.
    file
        鍵ファイル。 Its key file.
    """
    print(_keys(party, file).public.payload.hex())


@app.command
def pin(file: Path) -> None:
    """監督機関の公開鍵を印字する。 Print what `oversight_key` in every settings file must be.

    Parameters
    ----------
    file
        監督機関の鍵ファイル。 Oversight's key file.
    """
    print(_keys(PARTY, file).public.signing.hex())


def _keys(party: str, file: Path) -> PartyKeys:
    try:
        return PartyKeys(party, load_master(file))
    except KeyFileUnsafe as error:
        raise BadInput(str(error), pointer="file") from None


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise BadInput("--assessed-on: a date like 2026-06-01", pointer="assessed-on") from None
