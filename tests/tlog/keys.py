"""A log and witnesses with keys of their own, the same in every run."""

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kumihimo.kernel.tlog.checkpoint import Checkpoint
from kumihimo.kernel.tlog.note import Kind, Note, NoteSigner

ORIGIN = "log.example/42"


def signer(name, kind):
    seed = hashlib.sha256(name.encode()).digest()
    return NoteSigner(name, kind, Ed25519PrivateKey.from_private_bytes(seed))


LOG = signer(ORIGIN, Kind.TEXT)
STRANGER = signer("log.example/43", Kind.TEXT)
WITNESSES = [signer(f"witness.example/w{number}", Kind.COSIGNATURE) for number in (1, 2, 3)]


def signed(size, root, *, by=(LOG,), at=1_700_000_000):
    """Return a checkpoint's note, signed and cosigned."""
    text = Checkpoint(ORIGIN, size, root).text()
    lines = [one.sign(text, at=at if one.kind is Kind.COSIGNATURE else None) for one in by]
    return Note(text, tuple(lines))
