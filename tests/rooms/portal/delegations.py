"""What the portal's fake ledger knows of delegations: it keeps the rules that the real one keeps."""

import hashlib

import httpx2
import msgspec

from kumihimo.kernel.clock import legal_day
from kumihimo.rooms.ledger import api
from kumihimo.statute.delegated import delegated_purposes


class Delegations:
    """`given` by secret: who gave it, what for, until when, who holds it. `acts` are the latest first."""

    def __init__(self, ledger):
        self.ledger = ledger
        self.given, self.acts, self.down = {}, [], False
        self.older = False  # than a page of records that tells acts, too

    def told(self, path, token, person, body):
        if path == api.GIVE_DELEGATION_PATH:
            return self._give(person, msgspec.json.decode(body, type=api.GiveDelegation))
        if path == api.ACTS_ON_ME_PATH:
            return _json(api.DelegatedActs(self._on(person)))
        if path == api.ACTS_FOR_PATH:
            secrets = msgspec.json.decode(body, type=api.ActsFor).secrets
            mine = {s for s in secrets if self._held(person, s)}
            return self._list(one for one, _, secret in self.acts if secret in mine)
        assert path == api.ACT_FOR_PATH
        return self._act(token, person, msgspec.json.decode(body, type=api.ActFor))

    def on(self, person):
        """Return what others read for her, as her page of records says it."""
        return None if self.older else self._on(person)

    def _on(self, person):
        return tuple(one for one, whose, _ in self.acts if whose == person)

    def end(self, body):
        if self.down:
            raise httpx2.ConnectError("down")
        secret = msgspec.json.decode(body, type=api.EndDelegation).secret
        ended = secret in self.given and not self.given[secret]["ended"]
        if ended:
            self.given[secret]["ended"] = True
        return _json({"new": int(ended)})

    def _give(self, person, asked):
        name = hashlib.sha256(f"{person} {len(self.given)}".encode()).hexdigest()
        secret = name[:43]
        self.given[secret] = {
            "delegation": name[:22],
            "giver": person,
            "purpose": asked.purpose,
            "until": asked.until,
            "holder": None,
            "ended": False,
        }
        return _json(api.DelegationGiven(delegation=name[:22], secret=secret))

    def _held(self, person, secret):
        one = self.given.get(secret)
        if one is None or one["giver"] == person or one["holder"] not in {None, person}:
            return None
        one["holder"] = person
        return one

    def _act(self, token, person, asked):
        one = self._held(person, asked.secret)
        today = legal_day(self.ledger.clock.now())
        if one is None or one["ended"] or today > one["until"]:
            body = {"type": "urn:kumihimo:not-found", "title": "", "status": 404}
            return httpx2.Response(404, content=msgspec.json.encode(body))
        act = api.DelegatedAct(
            act=f"{len(self.acts):022d}",
            delegation=one["delegation"],
            purpose=one["purpose"],
            at=self.ledger.clock.now(),
        )
        self.acts.insert(0, (act, one["giver"], asked.secret))
        return _json(self._read(token, one, asked))

    def _read(self, token, one, asked):
        giver, purpose = one["giver"], delegated_purposes()[one["purpose"]]
        ledger = self.ledger
        if purpose.reads == "records":
            params = {"cursor": asked.cursor or "0", "limit": "20"}
            page = msgspec.json.decode(ledger._page(giver, params).content, type=api.MyRecords)
            return api.DelegatedRead(purpose=one["purpose"], records=page)
        if purpose.reads == "notices":
            told = api.MyNotices(tuple(ledger.notices.get(giver, ())))
            return api.DelegatedRead(purpose=one["purpose"], notices=told)
        body = msgspec.json.encode(api.AskOwn(purpose.information)) if asked.ask else b""
        content = ledger._own(f"{token} {asked.secret}", giver, body).content
        own = msgspec.json.decode(content, type=api.OwnInformation)
        return api.DelegatedRead(purpose=one["purpose"], own=own)

    def _list(self, acts):
        return _json(api.DelegatedActs(tuple(acts)))


def _json(content):
    return httpx2.Response(200, content=msgspec.json.encode(content))
