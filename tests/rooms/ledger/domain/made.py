"""Histories as an honest ledger makes them, and as one that lies: it has the log's key and signs anything."""

from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import UNSET

from kumihimo.kernel.tlog.checkpoint import Checkpoint
from kumihimo.kernel.tlog.leaf import commit
from kumihimo.kernel.tlog.note import Kind, Note, NoteSigner
from kumihimo.kernel.tlog.tree import fold, inclusion_path, joined, leaf_hash, perfect
from kumihimo.rooms.ledger.api import (
    HISTORY_FORM,
    History,
    HistoryKeys,
    ProvenEnd,
    ProvenLeaf,
    ProvenLink,
    ProvenRecord,
)
from kumihimo.rooms.ledger.domain.history import (
    leaf_of_end,
    leaf_of_link,
    leaf_of_record,
    statement_text,
)
from kumihimo.rooms.ledger.domain.verifying import Signers
from kumihimo.rooms.linkage.api import Outcome, RecordContent
from kumihimo.rooms.linkage.asker_api import Asker
from kumihimo.rooms.oversight.api import LOG_ORIGIN, WITNESS_NAME

START = datetime(2026, 6, 1, 1, tzinfo=UTC)
COSIGNED = int((START + timedelta(days=1)).timestamp())
CHAIN = "Y2hhaW4tb2Ytb25lLXBlcg"


def signer(name, kind, seed):
    return NoteSigner(name, kind, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


LOG = signer(LOG_ORIGIN, Kind.TEXT, 1)
WITNESS = signer(WITNESS_NAME, Kind.COSIGNATURE, 2)
SIGNERS = Signers([LOG.key], WITNESS.key)


def unproven(seed):
    return ProvenLeaf(salt=commit(bytes(16), seed.encode())[:16], place=None, path=())


def record(name, at, *, outcome: Outcome = "OK", hidden=False):
    content = RecordContent(
        record=f"record-{name}",
        permit=f"permit-{name}",
        requester="lg-131032",
        provider="lg-271004",
        affair="b081",
        items=("local-tax.total-income",),
        basis=("別表 81",),
        list_version="1",
        outcome=outcome,
        requested_at=at,
        sealed_digest=bytes(32),
        hidden=hidden,
        asker=Asker(office="税務課", role="窓口") if name == "2" else UNSET,
    )
    sides = ("requester", "provider") if outcome == "OK" else ()
    ends = tuple(
        ProvenEnd(side=side, outcome="OK", at=at, leaf=unproven(f"{name} {side}")) for side in sides
    )
    return ProvenRecord(content=content, leaf=unproven(name), ends=ends)


@attrs.define
class Maker:
    """A ledger's log, as it grows. Everything that is made has its place in it at once."""

    entries: list[bytes] = attrs.field(factory=lambda: [bytes([at]) * 32 for at in range(3)])

    def put(self, leaf, entry):
        self.entries += [entry, commit(bytes(16), b"%d" % len(self.entries))]
        return msgspec.structs.replace(leaf, place=len(self.entries) - 2)

    def record(self, made):
        leaf = self.put(made.leaf, leaf_of_record(made))
        made = msgspec.structs.replace(made, leaf=leaf)
        ends = tuple(
            msgspec.structs.replace(end, leaf=self.put(end.leaf, leaf_of_end(made, end)))
            for end in made.ends
        )
        return msgspec.structs.replace(made, ends=ends)

    def link(self, made, last, chain=CHAIN, **changes):
        """Return the next link over a record that is in the log; `changes` are the ledger's lies."""
        fields: dict[str, Any] = {
            "number": last.number + 1 if last else 1,
            "before": leaf_of_link(chain, last) if last else b"",
            "before_at": last.record.content.requested_at if last else None,
        } | changes
        name = f"{made.content.record} link"
        link = ProvenLink(leaf=unproven(name), record=made, **fields)
        return msgspec.structs.replace(link, leaf=self.put(link.leaf, leaf_of_link(chain, link)))

    def links(self, count, before=None, lies=None):
        """Return so many links more, an hour between them, every fourth a refusal; the first may lie."""
        found = []
        for at in range(count):
            when = before.record.content.requested_at if before else START
            number = before.number if before else 0
            outcome: Outcome = "REFUSED_ITEM" if number % 4 == 3 else "OK"
            made = record(f"{number}", when + timedelta(hours=1), outcome=outcome)
            before = self.link(self.record(made), before, **(lies if lies and at == 0 else {}))
            found.append(before)
        return found

    def over(self, stretch):
        start, end = stretch
        parts = [fold(map(leaf_hash, self.entries[a:b])) for a, b in perfect(start, end)]
        return joined(parts)

    def proven(self, leaf):
        if leaf.place is None:
            return leaf
        path = inclusion_path(leaf.place, len(self.entries))
        return msgspec.structs.replace(leaf, path=tuple(map(self.over, path)))

    def _record(self, made):
        ends = tuple(msgspec.structs.replace(end, leaf=self.proven(end.leaf)) for end in made.ends)
        return msgspec.structs.replace(made, leaf=self.proven(made.leaf), ends=ends)

    def history(
        self, links, unnumbered=(), *, chain=CHAIN, log=LOG, witness=WITNESS, at=COSIGNED, **changes
    ):
        """Return what the ledger hands out at its newest checkpoint, signed."""
        size = len(self.entries)
        text = Checkpoint(LOG_ORIGIN, size, self.over((0, size))).text()
        cosigns = witness.kind is Kind.COSIGNATURE
        note = Note(text, (log.sign(text), witness.sign(text, at=at if cosigns else None)))
        made = History(
            form=HISTORY_FORM,
            told_at=START + timedelta(days=2),
            chain=chain if links else "",
            first=links[0].number if links else 1,
            last=links[-1].number if links else 0,
            links=tuple(
                msgspec.structs.replace(
                    one, leaf=self.proven(one.leaf), record=self._record(one.record)
                )
                for one in links
            ),
            unnumbered=tuple(map(self._record, unnumbered)),
            checkpoint=note.encode().decode(),
            keys=HistoryKeys(log=log.key.vkey(), witness=witness.key.vkey()),
            statement="",
        )
        return resigned(msgspec.structs.replace(made, **changes), log=log)


def resigned(history, log=LOG):
    """Return a history with the ledger's signature over whatever it says."""
    text = statement_text(history, Checkpoint.parse(Note.parse(history.checkpoint.encode()).text))
    statement = Note(text, (log.sign(text),)).encode().decode()
    return msgspec.structs.replace(history, statement=statement)


def written(history):
    """Return the file that is handed out."""
    return msgspec.json.format(msgspec.json.encode(history), indent=1)
