"""A serious thief of two databases.

He has both dumps whole, and is even told which token names a person in each and, in the end, who is
who. He looks at every row that a person's token leads to, also through other ids that few rows
share, also inside messages that are stored as bytes. Of those he takes every value, its length, the
number of rows, the place of the row in the table and the place of the value among the others; and
he tries every kind against every kind of the other dump. What he finds must beat five million
random pairings to count as a join: "no better than chance" is meant literally.
"""

import base64
import hashlib
import itertools
import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from functools import cache

import attrs
import numpy as np

from kumihimo.kernel.ids import id_of

RARE = 6  # a token in more rows than this leads nowhere in particular
SHORTEST = 10  # a resident code has eleven digits
WINDOW = 16  # bytes: whatever long value shares so much with another is derived from it
PAIRINGS = (500, 20_000, 5_000_000)  # at once as many as are needed to doubt
CHUNK = 20_000
KEPT = 400_000  # a byte for each person in each: some megabytes

_TABLE = re.compile(
    r"CREATE TABLE public\.(\w+) \(\n(.*?)\n\)(?:\n(?:PARTITION BY|WITH) [^;]*)?;", re.DOTALL
)
_ROW = re.compile(
    r"INSERT INTO public\.(\w+) (?:OVERRIDING SYSTEM VALUE )?VALUES "
    r"\(((?:'(?:[^']|'')*'|[^'])*?)\);\n",
    re.DOTALL,
)
_VALUE = re.compile(r"\s*(?:'((?:[^']|'')*)'|([^,']+))(?:,|$)")
_WHEN = re.compile(r"\d{4}-\d\d-\d\d( .*)?")
_ID = re.compile(rb"(?<![\w-])[A-Za-z0-9_-]{22}(?![\w-])")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BASE64 = re.compile(rb"(?<![\w+/-])[A-Za-z0-9+/_-]{24,}={0,2}")


@attrs.frozen
class Row:
    table: str
    place: int
    values: dict[str, str]
    tokens: frozenset[bytes]


@attrs.frozen(eq=False)  # itself: what was found in it is kept
class Dump:
    rows: tuple[Row, ...]
    having: dict[bytes, list[int]]


@cache
def read(dump):
    """Read a dump into rows."""
    text = dump.decode()
    columns = {
        table: [line.split()[0] for line in body.split("\n") if line.startswith("    ")]
        for table, body in _TABLE.findall(text)
    }
    rows, places = [], Counter()
    for table, body in _ROW.findall(text):
        cells = [bare.strip() or quoted.replace("''", "'") for quoted, bare in _VALUE.findall(body)]
        values = dict(zip(columns[table], map(_as_an_id, cells), strict=False))
        rows.append(Row(table, places[table], values, tokens(values)))
        places[table] += 1
    return _indexed(rows)


def _as_an_id(cell):
    """Return an id as it travels, though a table holds it as PostgreSQL's `uuid`."""
    return id_of(bytes.fromhex(cell.replace("-", ""))) if _UUID.fullmatch(cell) else cell


def with_planted(dump, planted):
    """Return a dump with further rows of one table, as a bug would leave them."""
    more = [
        Row(table, place, values, tokens(values)) for place, (table, values) in enumerate(planted)
    ]
    assert not {row.table for row in dump.rows} & {row.table for row in more}
    return _indexed([*dump.rows, *more])


def _indexed(rows):
    having = defaultdict(list)
    for index, row in enumerate(rows):
        for token in row.tokens:
            having[token].append(index)
    return Dump(tuple(rows), having)


def tokens(values):
    """Every id in a row. Its `person` is one however short; a day is none."""
    found = {f"person {values['person']}".encode()} if "person" in values else set()
    for value in values.values():
        if _WHEN.fullmatch(value):
            continue
        raw = bytes.fromhex(value[2:]) if value.startswith("\\x") else value.encode()
        found |= _within(raw, depth=3)
    return frozenset(found)


def _within(raw, depth):
    """Every id in some bytes, and in what is written there as base64."""
    found = {raw} if len(raw) >= SHORTEST else set()
    found |= set(_ID.findall(raw)) if raw.isascii() else set()
    if depth and raw.isascii():
        for text in _BASE64.findall(raw):
            padded = text.replace(b"-", b"+").replace(b"_", b"/") + b"=" * (-len(text) % 4)
            try:
                inner = base64.b64decode(padded, validate=True)
            except ValueError:
                continue
            found |= _within(inner, depth - 1) if len(inner) >= WINDOW else set()
    return found


def reached(dump, token, depth=2):
    """The rows that a token leads to, each with how far away it is."""
    found = dict.fromkeys(dump.having.get(token, ()), 0)
    edge = set(found)
    for far in range(1, depth + 1):
        leads = {t for index in edge for t in dump.rows[index].tokens}
        further = {i for t in leads if len(dump.having[t]) <= RARE for i in dump.having[t]}
        edge = further - set(found)
        found |= dict.fromkeys(edge, far)
    return found


@cache
def features(dump, people):
    """What can be said of each person: kind of feature to its values, and their order.

    One value for each person, in one order.
    """
    said = [_of_one(dump, token) for token in people]
    names = set(itertools.chain.from_iterable(said))
    found = {}
    for name in names:
        column = tuple(one.get(name, ()) for one in said)
        if len(set(column)) > 1:
            found.setdefault(column, name)  # what says the same of everybody says it once
    return {name: (column, _ranks(column)) for column, name in found.items()}


def _of_one(dump, token):
    said = defaultdict(list)
    for index, far in reached(dump, token).items():
        row = dump.rows[index]
        said[far, row.table, "", "place"].append(row.place)
        for column, value in row.values.items():
            said[far, row.table, column, "value"].append(value)
            said[far, row.table, column, "length"].append(len(value))
    found = {name: tuple(sorted(values, key=_size)) for name, values in said.items()}
    count = {(*name[:3], "count"): (len(v),) for name, v in said.items() if name[3] == "place"}
    return found | count


def joins(left, right, left_people, right_people, pairings=PAIRINGS):
    """Return every pair of features by which people are found again, and by shared tokens."""

    def beats(score):
        return _beats(score, len(left_people), pairings)

    ours, theirs = features(left, tuple(left_people)), features(right, tuple(right_people))
    found = []
    for (name, mine), (other, yours) in itertools.product(ours.items(), theirs.items()):
        if name[3] == other[3] == "value" and _alike(mine[0], yours[0], beats):
            found.append((name, other, "equal"))
        if _ordered(mine[1], yours[1], beats):
            found.append((name, other, "order"))
    shared = _shared(left, right, left_people, right_people)
    everybody = np.arange(len(shared))
    if shared.any() and beats(lambda o: shared[everybody, o].sum(-1)):
        found.append(("tokens", "tokens", "shared"))
    return found


def _classes(mine, yours):
    number = {value: index for index, value in enumerate(sorted(set(mine) | set(yours), key=repr))}
    return np.array([number[v] for v in mine]), np.array([number[v] for v in yours])


def _alike(mine, yours, beats):
    if not set(mine) & set(yours):
        return False
    ours, theirs = _classes(mine, yours)
    return beats(lambda order: (ours == theirs[order]).sum(-1))


def _size(one):
    """Numbers by size, all else by its letters."""
    try:
        return (0, float(one), "")
    except ValueError:
        return (1, 0.0, one)


def _key(value):
    return [_size(one) for one in value]


def _ranks(column):
    """The place of each value among the others; equal values share the middle of theirs."""
    keys = [_key(value) for value in column]
    order = sorted(keys)
    ranks = np.array([bisect_left(order, key) + bisect_right(order, key) for key in keys])
    return ranks - ranks.mean()


def _ordered(mine, yours, beats):
    """Say whether one order tells of the other, forwards or backwards."""
    if not mine.any() or not yours.any():
        return False
    return any(beats(lambda o, s=s: s * (mine * yours[o]).sum(-1)) for s in (1, -1))


def _beats(score, people, pairings):
    """Say whether the true pairing scores better than every random one."""
    true = score(np.arange(people))
    return not any((score(orders) >= true - 1e-9).any() for orders in _orders(people, pairings))


def _orders(people, pairings):
    """Give random pairings in portions; those that many features are held against are kept."""
    for wanted in pairings:
        yield from _kept(people, wanted) if wanted <= KEPT else _random(people, wanted)


@cache
def _kept(people, many):
    return tuple(_random(people, many))


def _random(people, many):
    rng = np.random.default_rng(many)
    for done in range(0, many, CHUNK):
        straight = np.tile(np.arange(people, dtype=np.uint8), (min(CHUNK, many - done), 1))
        yield rng.permuted(straight, axis=1)


def _shared(left, right, left_people, right_people):
    ours = [_derived(left, token) for token in left_people]
    theirs = [_pieces(right, token) for token in right_people]
    return np.array([[bool(a & b) for b in theirs] for a in ours])


def _all(dump, token):
    return set().union(*(dump.rows[index].tokens for index in reached(dump, token)))


@cache
def _pieces(dump, token):
    """A person's tokens and every stretch of them that is long enough to mean something."""
    whole = {t for t in _all(dump, token) if len(dump.having[t]) <= RARE}
    parts = {t[i : i + WINDOW] for t in whole for i in range(max(1, len(t) - WINDOW + 1))}
    return whole | parts


def _derived(dump, token):
    """What somebody could make of a person's tokens without a key."""
    pieces = _pieces(dump, token)
    whole = {t for t in _all(dump, token) if len(dump.having[t]) <= RARE}
    hashes = (hashlib.md5, hashlib.sha1, hashlib.sha256, hashlib.sha512, hashlib.blake2b)
    made = {h(t).digest()[:WINDOW] for t in whole for h in hashes}
    return pieces | made | {m.hex().encode()[:WINDOW] for m in made}
