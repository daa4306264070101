"""The demo's chapters of a login by card, and of what a move does to the certificates on it.

The portal is a registered verifier with a token, like any service that somebody would write, and
speaks to jpki over HTTP. What a login tells it is an id of its own for a person.
"""

import asyncio
import hashlib
from collections.abc import Callable
from time import monotonic
from typing import Final, TypeVar

import attrs

from kumihimo.card import terminal
from kumihimo.card.applications import (
    AUTH_CERTIFICATE,
    AUTH_KEY,
    AUTH_PIN,
    JPKI,
    SIGN_CERTIFICATE,
    SIGN_KEY,
    SIGN_PIN,
)
from kumihimo.card.terminal import Transmit
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.jpki import forms, verifiers
from kumihimo.rooms.jpki.api import Ca
from kumihimo.rooms.jpki.client import VerifierClient
from kumihimo.run import settling
from kumihimo.run.demo_card import SECRETS, counter
from kumihimo.run.demo_stage import Demo, must
from kumihimo.run.family import Family
from kumihimo.run.telling import told

T = TypeVar("T")

PORTAL: Final = "demo-portal"
ROLES: Final = ("signature_verifier", "authentication_verifier")
KNOWN_IN_S: Final = 60.0  # what is promised of a move
_PAUSE_S: Final = 0.1
# DigestInfo of SHA-256 up to the digest (RFC 8017, 9.2): what a reader's software puts before it.
_DIGEST_INFO: Final = bytes.fromhex("3031300d060960864801650304020105000420")
_FILES: Final[dict[Ca, tuple[int, int, int]]] = {
    "auth": (AUTH_PIN, AUTH_KEY, AUTH_CERTIFICATE),
    "sign": (SIGN_PIN, SIGN_KEY, SIGN_CERTIFICATE),
}
_AUTH: Final = ("利用者証明用", "user authentication")
_SIGN: Final = ("署名用", "digital signature")


@attrs.frozen
class Portal:
    """A registered verifier; it asks jpki from a thread of its own."""

    address: str
    token: Withheld[str]

    async def verify(self, shown: forms.Verify) -> forms.Verified:
        """Have a signature checked, and learn who the holder is here."""
        return await self._ask(lambda jpki: jpki.verify(shown))

    async def status(self, certificate: str) -> forms.CertificateStatus:
        """Ask how a certificate is by now that was shown here before (現況確認)."""
        asked = forms.CheckCertificate(certificate=certificate)
        return await self._ask(lambda jpki: jpki.check(asked))

    async def _ask(self, ask: Callable[[VerifierClient], T]) -> T:
        def work() -> T:
            with VerifierClient(self.address, self.token) as client:
                return ask(client)

        return await asyncio.to_thread(work)


@attrs.frozen(kw_only=True, repr=False)
class Login:
    """The mother with her card, and as whom the portal knows her and her two certificates."""

    transmit: Transmit
    portal: Portal
    user: str
    auth: str
    sign: str


def sign(transmit: Transmit, which: Ca, content: bytes) -> forms.Verify:
    """Have the chip sign; returns what a program with a card reader sends to the portal."""
    pin_file, key, certificate = _FILES[which]
    digest = hashlib.sha256(content).digest()
    terminal.select(transmit, JPKI)
    terminal.verify(transmit, pin_file, Withheld(SECRETS[which].reveal().encode("ascii")))
    return forms.Verify(
        certificate=terminal.read_file(transmit, certificate),
        hash_algorithm="sha256",
        digest=digest,
        signature=terminal.sign(transmit, key, _DIGEST_INFO + digest),
        identify_user=True,
    )


async def log_in(demo: Demo, transmit: Transmit) -> Login:
    """Let her log in: the portal's challenge, signed by the chip, verified by jpki."""
    street, teller = demo.street, demo.teller
    teller.scene(4, "母親がカードでログインする", "The mother logs in with her card.")
    portal = Portal(
        demo.addresses["jpki"], await verifiers.register(street.jpki.jpki, PORTAL, ROLES)
    )
    answer = sign(transmit, "auth", street.entropy.bytes(32))
    another = hashlib.sha256(street.entropy.bytes(32)).digest()
    consent = sign(transmit, "sign", "同意します I agree".encode())
    login = await portal.verify(answer)
    stolen = await portal.verify(_for(another, answer))
    signed = await portal.verify(consent)
    results = [one.verification.result for one in (login, stolen, signed)]
    must(
        results == ["ok", "signature-wrong", "ok"], f"the portal is told what is so, not {results}"
    )
    assert login.certificate_content is not None, "what is good is told once"
    must(not login.certificate_content.name, "a login tells no name")
    user = login.verification.user
    assert user is not None, "a login that is good has its user"
    must(signed.verification.user == user, "both certificates are hers")
    teller.table(
        (("チップが署名したもの", "what the chip signed"), ("証明書", "certificate"), _RESULT),
        [
            (("ポータルの乱数", "the portal's challenge"), _AUTH, told(results[0])),
            (("それを別の乱数に使う", "the same for another one"), _AUTH, told(results[1])),
            (("同意文", "a consent"), _SIGN, told(results[2])),
        ],
    )
    teller.good(
        f"ログインで分かるのは、このポータルだけの利用者ID（{user[:6]}…）。番号も名前も渡らない。",
        f"A login tells the portal an id that is its alone ({user[:6]}…): no number and no name.",
    )
    return Login(
        transmit=transmit,
        portal=portal,
        user=user,
        auth=login.verification.certificate.id,
        sign=signed.verification.certificate.id,
    )


_RESULT: Final = ("結果", "outcome")


def _for(digest: bytes, answer: forms.Verify) -> forms.Verify:
    """Return a signature as a thief would show it, for another challenge than hers."""
    return forms.Verify(
        certificate=answer.certificate,
        hash_algorithm=answer.hash_algorithm,
        digest=digest,
        signature=answer.signature,
    )


async def move(demo: Demo, family: Family, login: Login) -> None:
    """Let the family move: her sign certificate dies, because her address stands in it."""
    street, teller = demo.street, demo.teller
    old, new = demo.name(family.old_town), demo.name(family.new_town)
    teller.scene(5, f"一家が {old} から {new} へ引っ越す", f"The family moves from {old} to {new}.")
    before = [await login.portal.status(one) for one in (login.auth, login.sign)]
    out, into = family.moves(street.register.register.today(), street.entropy)
    begun = monotonic()
    for sender, events in ((family.old_town, out), (family.new_town, into)):
        await settling.send_events(street, sender, events)
    while (sign_now := await login.portal.status(login.sign)).status == "good":
        must(monotonic() - begun < KNOWN_IN_S, "jpki knows of the move within a minute")
        await asyncio.sleep(_PAUSE_S)
    waited = monotonic() - begun
    new_counter = counter(demo, family.new_town, login.transmit)
    while (lapses_on := (await new_counter.find()).lapses_on) is None:
        must(monotonic() - begun < KNOWN_IN_S, "cards knows of the move within a minute")
        await asyncio.sleep(_PAUSE_S)
    after = [await login.portal.status(login.auth), sign_now]
    must([one.status for one in before] == ["good", "good"], "both were good")
    must([one.status for one in after] == ["good", "revoked"], "one certificate of two is revoked")
    must(after[1].revocation_reason == "affiliationChanged", "because its content has changed")
    again = await login.portal.verify(sign(login.transmit, "auth", street.entropy.bytes(32)))
    must(again.verification.result == "ok", "she still logs in")
    must(again.verification.user == login.user, "as the same user")
    late = await login.portal.verify(sign(login.transmit, "sign", "同意します I agree".encode()))
    must(late.verification.result == "certificate-revoked", "her signature counts no more")
    teller.table(
        (("証明書", "certificate"), ("転入前", "before"), ("転入後", "after"), _RESULT),
        [
            (
                _AUTH,
                told(before[0].status),
                told(after[0].status),
                ("ログインできる", "she logs in"),
            ),
            (
                _SIGN,
                told(before[1].status),
                (told(after[1].status)[0], after[1].revocation_reason or ""),
                ("署名は使えない", "signs no more"),
            ),
            (
                ("カードそのもの", "the card itself"),
                told("good"),
                told("good"),
                (f"{lapses_on:%m-%d} までに継続手続き", f"to be kept: by {lapses_on:%m-%d}"),
            ),
        ],
    )
    teller.good(
        f"届出から {waited:.1f} 秒（約束は1分）：住所が載る署名用だけが失効した。",
        f"{waited:.1f} s after the notice (a minute is promised) the certificate that bears her"
        " address is revoked, and only that one.",
    )
