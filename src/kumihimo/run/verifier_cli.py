"""`kumihimo jpki verifier`: who may ask about certificates."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from cyclopts import App

from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.settings import load
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.jpki import verifiers
from kumihimo.rooms.jpki.context import Jpki
from kumihimo.rooms.jpki.domain.verifiers import Role
from kumihimo.rooms.jpki.settings import Settings
from kumihimo.rooms.jpki.store_status import VerifierRow
from kumihimo.run.jpki_room import within

app = App(
    name="verifier",
    help="署名検証者等の登録。 Who may ask about certificates: register, suspend, list.",
)


@app.command
def add(
    verifier: str,
    *,
    role: list[Role],
    platform: str | None = None,
    use: list[str] | None = None,
    payload_key: str = "",
    config: Path,
) -> None:
    """署名検証者等を登録する。 Register a verifier, and print its token once.

    Parameters
    ----------
    verifier
        名前。 Its name: lower-case letters, digits and hyphens, such as bank-of-minato.
    role
        区分。 What it is registered for, each by one `--role`: whose certificates it may ask
        about, holder_confirmer to confirm holders without a PIN, attribute_receiver to learn the
        latest attributes of who consented, or disclosure_portal to let holders read the ledger.
    platform
        プラットフォーム事業者。 The platform operator that a service provider asks through.
    use
        利用目的。 For what an attribute_receiver may learn attributes, each by one `--use`, such as
        address-change. The consents that holders sign name one of them.
    payload_key
        受信用の公開鍵。 The key that attributes, or what a portal is told, are sealed to: what `kumihimo keys payload` prints.
    config
        認証局の設定ファイル。 jpki's settings file.
    """
    key = _payload_key(payload_key)

    async def register(jpki: Jpki) -> Withheld[str]:
        return await verifiers.register(
            jpki, verifier, role, platform=platform, uses=use or (), payload_key=key
        )

    print(asyncio.run(within(config, load(config, Settings), register)).reveal())


@app.command
def suspend(verifier: str, *, config: Path) -> None:
    """署名検証者等を締め出す。 Shut a verifier out, at once.

    Parameters
    ----------
    verifier
        名前。 Its name.
    config
        認証局の設定ファイル。 jpki's settings file.
    """
    _let(verifier, config, suspended=True)
    print(f"{verifier}: 停止しました。 It may ask nothing from now on.")


@app.command
def readmit(verifier: str, *, config: Path) -> None:
    """署名検証者等の停止を解く。 Let a suspended verifier ask again, with the token it has.

    Parameters
    ----------
    verifier
        名前。 Its name.
    config
        認証局の設定ファイル。 jpki's settings file.
    """
    _let(verifier, config, suspended=False)
    print(f"{verifier}: 再開しました。 It may ask again.")


@app.command(name="list")
def list_all(*, config: Path) -> None:
    """署名検証者等の一覧。 List the verifiers: name, standing, roles, uses, platform, day.

    Parameters
    ----------
    config
        認証局の設定ファイル。 jpki's settings file.
    """

    async def listed(jpki: Jpki) -> Sequence[VerifierRow]:
        return await verifiers.listed(jpki)

    for row in asyncio.run(within(config, load(config, Settings), listed)):
        standing = "停止 suspended" if row.suspended else "有効 active"
        roles = ",".join(row.roles)
        uses = ",".join(row.uses) or "-"
        told = (row.verifier, standing, roles, uses, row.platform or "-", str(row.registered_on))
        print("\t".join(told))


def _payload_key(text: str) -> bytes | None:
    try:
        return bytes.fromhex(text) if text else None
    except ValueError:
        raise BadInput("--payload-key: 64 hexadecimal digits", pointer="payload_key") from None


def _let(verifier: str, config: Path, *, suspended: bool) -> None:
    async def let(jpki: Jpki) -> None:
        await verifiers.suspend(jpki, verifier, suspended=suspended)

    asyncio.run(within(config, load(config, Settings), let))
