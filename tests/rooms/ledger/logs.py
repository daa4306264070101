"""What tests put into the ledger's log, and how they read it: as anybody does."""

import hashlib

import httpx2

from kumihimo.kernel.ids import new_id
from kumihimo.kernel.tlog.checkpoint import Checkpoint
from kumihimo.kernel.tlog.leaf import Submission
from kumihimo.kernel.tlog.note import Kind, Note, NoteKey
from kumihimo.kernel.tlog.tiles import Hashes, Tile, read_bundle, tiles_of
from kumihimo.rooms.oversight.api import LOG_ORIGIN
from tests.rooms.ledger.house import transport_to


def leaves(count, start=0):
    return [hashlib.sha256(b"%d" % at).digest() for at in range(start, start + count)]


def submission(house, entries):
    return Submission(new_id(house.entropy), b"".join(entries))


async def read(house, path):
    transport = transport_to(house.room.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://ledger") as client:
        return await client.get(f"/log/{path}")


async def head(house):
    """Return the newest checkpoint, believed by the ledger's key in the directory alone."""
    answer = await read(house, "checkpoint")
    assert answer.status_code == 200, answer.text
    note = Note.parse(answer.content)
    note.check([NoteKey(LOG_ORIGIN, Kind.TEXT, house.keys["ledger"].public.signing)])
    return Checkpoint.parse(note.text)


async def hashes(house, path, size):
    served = {}
    for tile in tiles_of(path, size):
        answer = await read(house, f"tile/{tile.path()}")
        assert answer.status_code == 200, tile
        served[tile] = answer.content
    return Hashes.of(served)


async def entries(house, size):
    found = []
    for index in range(-(-size // 256)):
        tile = Tile(-1, index, min(256, size - index * 256))
        found += read_bundle((await read(house, f"tile/{tile.path()}")).content, tile.width)
    return found


async def holds_together(house, size):
    """Check that the log is what its newest checkpoint says, and has that many entries."""
    over = (await hashes(house, [(0, size)], size)).over((0, size))
    newest = await head(house)
    assert (newest.size, newest.root) == (size, over)
    return await entries(house, size)
