"""Merkle trees as RFC 6962 defines them, word for word and slowly."""

import hashlib


def root(entries):
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\0" + entries[0]).digest()
    k = half(len(entries))
    return hashlib.sha256(b"\1" + root(entries[:k]) + root(entries[k:])).digest()


def half(n):
    """Return the largest power of two below n."""
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def path(m, entries):
    if len(entries) == 1:
        return []
    k = half(len(entries))
    if m < k:
        return [*path(m, entries[:k]), root(entries[k:])]
    return [*path(m - k, entries[k:]), root(entries[:k])]


def proof(m, entries):
    return subproof(m, entries, whole=True)


def subproof(m, entries, *, whole):
    if m == len(entries):
        return [] if whole else [root(entries)]
    k = half(len(entries))
    if m <= k:
        return [*subproof(m, entries[:k], whole=whole), root(entries[k:])]
    return [*subproof(m - k, entries[k:], whole=False), root(entries[:k])]


def entries(count):
    return [b"entry %d" % place for place in range(count)]


def tiles(stored):
    """Return every tile of a log, full and partial, by (level, index): its hashes together."""
    found, level = {}, [hashlib.sha256(b"\0" + entry).digest() for entry in stored]
    height = 0
    while level:
        for start in range(0, len(level), 256):
            found[height, start // 256] = b"".join(level[start : start + 256])
        full = [level[at : at + 256] for at in range(0, len(level) - 255, 256)]
        level = [over(hashes) for hashes in full]
        height += 1
    return found


def over(hashes):
    if len(hashes) == 1:
        return hashes[0]
    middle = len(hashes) // 2
    return hashlib.sha256(b"\1" + over(hashes[:middle]) + over(hashes[middle:])).digest()
