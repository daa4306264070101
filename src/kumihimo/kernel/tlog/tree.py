"""Merkle trees as RFC 6962 and RFC 9162 have them: hashes, proofs, and the checks of proofs.

Nothing here reads a log: a proof is first a list of stretches of entries, whose hashes the caller
finds in its tiles (`tiles.py`).
"""

import hashlib
from collections.abc import Iterable, Sequence

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
PROOF_MAX = 63  # tlog-witness: no more lines than that; 2**63 entries need no more

Stretch = tuple[int, int]


class ProofBroken(ValueError):
    """A proof does not lead to the root that it names."""


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of an entry."""
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash over two hashes."""
    return hashlib.sha256(b"\1" + left + right).digest()


def fold(hashes: Iterable[bytes]) -> bytes:
    """Return the hash over a number of hashes that is a power of two."""
    row = list(hashes)
    assert row, "no hash stands over nothing"
    assert len(row) & (len(row) - 1) == 0, "only a power of two is folded"
    sha256 = hashlib.sha256
    while len(row) > 1:
        pairs = zip(row[::2], row[1::2], strict=True)
        row = [sha256(b"\1" + left + right).digest() for left, right in pairs]
    return row[0]


def split(size: int) -> int:
    """Return the largest power of two below `size`, which is at least 2."""
    assert size > 1, "one entry is not split"
    return 1 << (size - 1).bit_length() - 1


def perfect(start: int, end: int) -> list[Stretch]:
    """Cut entries [start, end) into the full subtrees that they are made of, from the left."""
    found: list[Stretch] = []
    while start < end:
        room = (end - start).bit_length() - 1
        height = min(room, (start & -start).bit_length() - 1) if start else room
        found.append((start, start + (1 << height)))
        start += 1 << height
    return found


def joined(hashes: Sequence[bytes]) -> bytes:
    """Return the hash over the full subtrees that `perfect` names, from the left."""
    assert hashes, "no hash stands over nothing"
    over = hashes[-1]
    for left in reversed(hashes[:-1]):
        over = node_hash(left, over)
    return over


def inclusion_path(index: int, size: int) -> list[Stretch]:
    """Return the stretches whose hashes prove that an entry is in a tree (RFC 6962, 2.1.1).

    From the leaf's sibling up to the root's child. `index` is below `size`.
    """
    assert 0 <= index < size, "a tree proves its own entries only"
    found: list[Stretch] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + split(end - start)
        if index < middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((start, middle))
            start = middle
    return found[::-1]


def consistency_path(old: int, new: int) -> list[Stretch]:
    """Return the stretches whose hashes prove that a tree grew into another (RFC 6962, 2.1.2)."""
    assert 0 <= old <= new, "a tree only grows"
    if old in {0, new}:
        return []
    found: list[Stretch] = []
    start, end = 0, new
    while old < end:
        middle = start + split(end - start)
        if old <= middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((start, middle))
            start = middle
    return found[::-1] if start == 0 else [(start, end), *found[::-1]]


def verify_inclusion(
    index: int, size: int, leaf: bytes, root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that `leaf` (a leaf hash) stands at `index` under `root` (RFC 9162, 2.1.3.2).

    Raises `ProofBroken`.
    """
    if not 0 <= index < size:
        raise ProofBroken("there is no such entry in a tree of this size")
    _check_hashes(leaf, root, *proof)
    at, last, over = index, size - 1, leaf
    for hashed in proof:
        if last == 0:
            raise ProofBroken("the proof is too long")
        if at & 1 or at == last:
            over = node_hash(hashed, over)
            at, last = _up(at, last)
        else:
            over = node_hash(over, hashed)
        at, last = at >> 1, last >> 1
    if last != 0:
        raise ProofBroken("the proof is too short")
    if over != root:
        raise ProofBroken("the entry does not stand under this root")


def verify_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the tree under `old_root` grew into that under `new_root` (RFC 9162, 2.1.4.2).

    Raises `ProofBroken`. What is as large as before must be the same, and what was empty needs no
    proof.
    """
    if not 0 <= old <= new:
        raise ProofBroken("a tree only grows")
    _check_hashes(old_root, new_root, *proof)
    for size, root in ((old, old_root), (new, new_root)):
        if size == 0 and root != EMPTY_ROOT:
            raise ProofBroken("an empty tree has one root")
    if old in {0, new}:
        if proof:
            raise ProofBroken("nothing is to be proved here")
        if old == new and old_root != new_root:
            raise ProofBroken("two trees of one size")
        return
    if not proof:
        raise ProofBroken("the proof is too short")
    _check_grown(old, new, old_root, new_root, proof)


def _check_hashes(*given: bytes) -> None:
    if any(len(one) != HASH_BYTES for one in given):
        raise ProofBroken("a hash is 32 bytes")


def _check_grown(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    rest = list(proof)
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    older = newer = old_root if at == 0 else rest.pop(0)
    for hashed in rest:
        if last == 0:
            raise ProofBroken("the proof is too long")
        if at & 1 or at == last:
            older = node_hash(hashed, older)
            newer = node_hash(hashed, newer)
            at, last = _up(at, last)
        else:
            newer = node_hash(newer, hashed)
        at, last = at >> 1, last >> 1
    if last != 0:
        raise ProofBroken("the proof is too short")
    if older != old_root:
        raise ProofBroken("the old tree is not the beginning of the new one")
    if newer != new_root:
        raise ProofBroken("the proof does not lead to the new root")


def _up(at: int, last: int) -> tuple[int, int]:
    """Go up to where the path has a sibling on the left, or to the left edge."""
    while at and not at & 1:
        at, last = at >> 1, last >> 1
    return at, last
