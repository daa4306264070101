"""The keys that a card is made with: one TEST hierarchy, and signing keys of each municipality."""

from pathlib import Path
from typing import Final, Protocol

import attrs
import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_der_private_key

from kumihimo.card.cv import GROUPS, CvKey, KeyId, public_tlv
from kumihimo.card.files import Role
from kumihimo.card.hierarchy import (
    INTERMEDIATE,
    ROOT,
    TERMINAL_CA,
    TEXT_CA,
    VISUAL_CA,
    Hierarchy,
    Issuer,
    TerminalKey,
)
from kumihimo.card.holding import draw_rsa, stored
from kumihimo.card.terminals import to_prove
from kumihimo.kernel.files import write_new
from kumihimo.kernel.keys import Locker

COUNTER_NUMBER: Final = (
    "6900001"  # the key that speaks for every counter: it never leaves the centre
)


_TOP: Final = (ROOT, INTERMEDIATE, VISUAL_CA, TEXT_CA, TERMINAL_CA)


class Issuing(Protocol):
    """Signs what stands in a card, and speaks to a chip for a counter."""

    def issuer(self, municipality: str) -> Issuer:
        """Return the signing keys of a municipality (six digits)."""
        ...

    def role(self, serial: str, challenge: bytes) -> tuple[bytes, bytes]:
        """Return the certificate of the counter's role and its proof to the chip of a serial."""
        ...

    def text_authority(self) -> bytes:
        """Return the key over the issuers of text: its id and the key, as a card writes it."""
        ...


@attrs.define
class KeptIssuing:
    """Keys kept in memory as long as the process lives."""

    hierarchy: Hierarchy
    counter: TerminalKey
    issuers: dict[str, Issuer]

    @classmethod
    def draw(cls) -> "KeptIssuing":
        """Make a new hierarchy."""
        hierarchy = Hierarchy.draw()
        return cls(hierarchy, hierarchy.terminal(Role.COUNTER, COUNTER_NUMBER), {})

    def issuer(self, municipality: str) -> Issuer:
        """Return the signing keys of a municipality, made when first asked for."""
        found = self.issuers.get(municipality)
        if found is None:
            found = self.issuers[municipality] = self.hierarchy.issuer(municipality[:5])
        return found

    def role(self, serial: str, challenge: bytes) -> tuple[bytes, bytes]:
        """Return the certificate and the proof."""
        proof = self.counter.key.sign(to_prove(serial.encode("ascii"), challenge))
        return self.counter.certificate, proof

    def text_authority(self) -> bytes:
        """Return the key over the issuers of text."""
        top = self.hierarchy.text_ca
        return top.id.octets + public_tlv(top.private.public_key())


@attrs.define
class LaterIssuing:
    """Keys in memory that are made when the first card asks for them: most streets make none."""

    _kept: KeptIssuing | None = None

    def issuer(self, municipality: str) -> Issuer:
        """Return the signing keys of a municipality."""
        return self._keys().issuer(municipality)

    def role(self, serial: str, challenge: bytes) -> tuple[bytes, bytes]:
        """Return the certificate and the proof."""
        return self._keys().role(serial, challenge)

    def text_authority(self) -> bytes:
        """Return the key over the issuers of text."""
        return self._keys().text_authority()

    def _keys(self) -> KeptIssuing:
        if self._kept is None:
            self._kept = KeptIssuing.draw()
        return self._kept


class FileIssuing:
    """Keys kept in a folder, locked under the room's own key. Made when first asked for."""

    def __init__(self, folder: Path, locker: Locker) -> None:
        self._folder = folder
        self._locker = locker
        self._kept: KeptIssuing | None = None

    def issuer(self, municipality: str) -> Issuer:
        """Return the signing keys of a municipality (six digits)."""
        kept = self._keys()
        known = kept.issuers.get(municipality)
        if known is None:
            fresh = [draw_rsa(), draw_rsa()]
            visual, text = self._load(f"issuer-{municipality}", fresh)
            known = kept.issuers[municipality] = _issuer(
                kept.hierarchy, municipality[:5], visual, text
            )
        return known

    def role(self, serial: str, challenge: bytes) -> tuple[bytes, bytes]:
        """Return the certificate of the counter's role and its proof."""
        return self._keys().role(serial, challenge)

    def text_authority(self) -> bytes:
        """Return the key over the issuers of text."""
        return self._keys().text_authority()

    def _keys(self) -> KeptIssuing:
        if self._kept is None:
            *top, counter = self._load("hierarchy", [draw_rsa() for _ in range(6)])
            hierarchy = Hierarchy(
                *(CvKey(key_id, key) for key_id, key in zip(_TOP, top, strict=True))
            )
            own = CvKey(KeyId.of(COUNTER_NUMBER, GROUPS[Role.COUNTER]), counter)
            certificate = hierarchy.terminal_ca.certify(own.id, counter.public_key())
            self._kept = KeptIssuing(hierarchy, TerminalKey(own, certificate), {})
        return self._kept

    def _load(self, name: str, fresh: list[RSAPrivateKey]) -> list[RSAPrivateKey]:
        """Return the keys of a file; a new file gets `fresh` ones, whole or not at all."""
        path = self._folder / f"{name}.keys"
        if not path.exists():
            content = msgspec.msgpack.encode([stored(key) for key in fresh])
            locked = self._locker.lock(content, label=name.encode())
            self._folder.mkdir(mode=0o700, exist_ok=True)
            write_new(path, locked)
        content = self._locker.unlock(path.read_bytes(), label=name.encode())
        ders = msgspec.msgpack.decode(content, type=list[bytes])
        keys = [load_der_private_key(der, password=None) for der in ders]
        return [key for key in keys if isinstance(key, RSAPrivateKey)]


def _issuer(
    hierarchy: Hierarchy, municipality: str, visual_key: RSAPrivateKey, text_key: RSAPrivateKey
) -> Issuer:
    """Return a municipality's issuer from keys that were kept (as `Hierarchy.issuer` makes one)."""
    visual = CvKey(KeyId.of(municipality + "21", "000"), visual_key)
    text = CvKey(KeyId.of(municipality + "31", "000"), text_key)
    chips, terminals = hierarchy.chips, hierarchy.terminal_ca
    return Issuer(
        visual=visual,
        visual_certificate=hierarchy.visual_ca.certify(visual.id, visual_key.public_key()),
        text=text,
        text_certificate=hierarchy.text_ca.certify(text.id, text_key.public_key()),
        chips=chips,
        chips_certificate=hierarchy.root.certify(chips.id, chips.private.public_key()),
        terminal_ca=terminals.id.octets + public_tlv(terminals.private.public_key()),
    )
