"""A ledger that keeps its rules towards the portal: a ticket opens one session, and works once."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx2
import msgspec

from kumihimo.rooms.jpki.forms import Disclosure
from kumihimo.rooms.ledger import api
from kumihimo.rooms.ledger.api import MyRecord
from tests.rooms.portal.delegations import Delegations

INSTITUTIONS = 60
START = datetime(2026, 5, 31, 3, tzinfo=UTC)


def record(n, **changes):
    """Return the n-th newest record of somebody."""
    whole: dict[str, Any] = {
        "record": f"{n:022d}",
        "requested_at": START - timedelta(days=n),
        "requester": "lg-131032",
        "provider": "lg-271004",
        "affair": "b081",
        "items": ("local-tax.total-income", "local-tax.income-levy"),
        "basis": ("old2-100",),
        "outcome": "OK",
        "provided_at": START - timedelta(days=n) + timedelta(seconds=2),
        "under_investigation": False,
    }
    return MyRecord(**(whole | changes))


def held(provider="lg-271004", **values):
    """Return what an institution answers of somebody's local tax."""
    items = tuple(
        api.OwnItem(
            item=f"local-tax.{name.replace('_', '-')}",
            value=value,
            as_of="2026-05-20",
            registered_on="2026-05-31",
        )
        for name, value in values.items()
    )
    state = "here" if items else "checking"
    return api.OwnAnswer(
        answer=provider.ljust(22, "x"), provider=provider, state=state, items=items
    )


def refused(n, outcome="REFUSED_ITEM", **changes):
    return record(n, outcome=outcome, provided_at=None, **changes)


def notice_of(n, **changes):
    """Return the n-th newest notice to somebody."""
    fields: dict[str, Any] = {
        "notice": f"notice{n:016d}",
        "institution": "lg-131032",
        "withdrawn": False,
        "told_on": START.date() - timedelta(days=n),
        "until": date(2026, 8, 31),
        "affair": "b081",
        "category": "child",
        "title": f"児童手当の現況届（{n}）",
        "text": "現況届を出してください。\n世帯の状況を確かめます。",
        "deadline": date(2026, 6, 30),
        "link": "https://www.city.example.jp/todoke",
    }
    return api.MyNotice(**(fields | changes))


def claim_of(told, **changes):
    """Return how something that was said stands: on its way, where nothing else is given."""
    fields: dict[str, Any] = {
        "claim": told.claim,
        "kind": told.kind,
        "addressee": "lg-271004",
        "told_on": date(2026, 6, 1),
        "due_on": date(2026, 7, 1),
        "state": "sent",
        "decision": "",
        "answered_on": None,
        "answer": "",
    }
    return api.MyClaim(**(fields | changes))


class Ledger(httpx2.AsyncBaseTransport):
    """`records` by ticket; `waits` is how often a ticket is not ready yet.

    `holds` by ticket: what institutions answer about her, by kind of information; who is in `silent`
    has not answered yet; with `bells` in it no bell is told of. What a session asked is its own. `claims` by ticket: how what she said stands.
    `notices` by ticket: what she is told.
    """

    def __init__(self, clock):
        self.clock = clock
        self.records = {}
        self.sessions = {}
        self.used = set()
        self.waits = 0
        self.asked = []
        self.holds, self.silent, self.own = {}, set(), {}
        self.claims, self.told = {}, []
        self.notices = {}
        self.histories = {}
        self.delegations = Delegations(self)
        self.bells, self.ringing = {}, set()

    async def handle_async_request(self, request):
        body = await request.aread()
        path = request.url.path
        without_session = {
            api.SESSIONS_PATH: self._open,
            api.HEAR_BELLS_PATH: self._hear,
            api.END_DELEGATION_PATH: self.delegations.end,
        }
        if path in without_session:
            return without_session[path](body)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        ticket, until = self.sessions.get(token, ("", self.clock.now()))
        if self.clock.now() >= until:
            return _problem("not-authentic", 401)
        self.asked.append((path, dict(request.url.params)))
        if path.startswith("/my/delegations"):
            return self.delegations.told(path, token, ticket, body)
        found = self._told(path, token, ticket, body, request.url.params)
        if found is not None:
            return found
        del self.sessions[token]
        return httpx2.Response(204)

    def _hear(self, body):
        """Say which of these bells ring; those that were heard are still, those of `down` are gone."""
        if "bells" in self.silent:
            return _problem("unavailable", 503)
        asked = msgspec.json.decode(body, type=api.HearBells)
        self.ringing -= {self.bells.get(one) for one in asked.heard}
        for one in asked.down:
            self.bells.pop(one, None)
        rings = [one for one in asked.bells if self.bells.get(one) in self.ringing]
        return _json(api.BellsHeard(tuple(rings)))

    def _told(self, path, token, person, body, params):
        """Return what is read or asked; None for the end of a session."""
        if path == api.HISTORY_PATH:
            return httpx2.Response(200, content=self.histories[person])
        if path == api.MY_RECORDS_PATH:
            return self._page(person, params)
        whole = {
            api.MY_NOTICES_PATH: lambda: api.MyNotices(tuple(self.notices.get(person, ()))),
            api.OVERVIEW_PATH: lambda: self._overview(person),
            api.HANG_BELL_PATH: lambda: self._hang(person),
        }
        if path in whole:
            return _json(whole[path]())
        if path in {api.MY_CLAIMS_PATH, api.TELL_CLAIM_PATH}:
            return self._claims(person, body)
        if path in {api.OWN_PATH, api.ASK_OWN_PATH}:
            return self._own(token, person, body)
        return None

    def _hang(self, person):
        secret = f"{len(self.bells):043d}"
        self.bells[secret] = person
        return api.BellHung(secret)

    def _open(self, body):
        asked = msgspec.json.decode(body, type=api.OpenSession)
        if self.waits:
            self.waits -= 1
            return _problem("unavailable", 503)
        if asked.acquisition in self.used:
            return _problem("not-authentic", 401)
        self.used.add(asked.acquisition)
        token = f"token-{len(self.used)}"
        until = self.clock.now() + timedelta(minutes=15)
        self.sessions[token] = (asked.sealed.decode(), until)
        return _json(api.Session(token=token, expires_at=until))

    def _claims(self, person, body):
        mine = self.claims.setdefault(person, {})
        if body:
            told = msgspec.json.decode(body, type=api.TellClaim)
            hers = {one.record for one in self.records.get(person, [])}
            hers |= {a.answer for kinds in self.holds.get(person, {}).values() for a in kinds}
            hers |= {one.act for one in self.delegations.on(person) or ()}
            if told.inquiry is None and told.about not in hers:
                return _problem("not-found", 404)
            if told.claim not in mine:
                self.told.append(told)
                mine[told.claim] = claim_of(told)
        return _json(api.MyClaims(tuple(mine.values())))

    def _own(self, token, person, body):
        asked = self.own.setdefault(token, [])
        if body:
            name = msgspec.json.decode(body, type=api.AskOwn).information
            asked.insert(0, (name, self.clock.now()))
        return _json(api.OwnInformation(tuple(self._answered(person, *one) for one in asked)))

    def _answered(self, person, name, at):
        answers = self.holds.get(person, {}).get(name, ())
        return api.OwnAsked(
            information=name,
            asked_at=at,
            institutions=INSTITUTIONS,
            waiting=tuple(sorted(self.silent)),
            answers=tuple(one for one in answers if one.provider not in self.silent),
        )

    def _page(self, person, params):
        found = [one for one in self.records.get(person, []) if _fits(one, params)]
        at, limit = int(params.get("cursor", "0")), int(params["limit"])
        more = str(at + limit) if len(found) > at + limit else ""
        numbers = [one.number for one in self.records.get(person, []) if one.number]
        first, last = min(numbers, default=0), max(numbers, default=0)
        page = tuple(found[at : at + limit])
        bodies = self._bodies(person)
        told = api.MyRecords(records=page, next=more, first=first, last=last, bodies=bodies)
        if params.get("acts") != "true":
            return _json(told)
        return _json(msgspec.structs.replace(told, acts=self.delegations.on(person)))

    def _bodies(self, person):
        mine = self.records.get(person, [])
        names = dict.fromkeys(one.requester for one in mine)
        return tuple(_asked(name, mine) for name in names)

    def _overview(self, person):
        looks = [one for one in self.records.get(person, []) if one.requester != "ledger"]
        claims = tuple(self.claims.get(person, {}).values())
        return api.Overview(
            looks=tuple(api.Look(one.record, one.requested_at) for one in looks[:200]),
            more=len(looks) > 200,
            latest=tuple(looks[:10]),
            claims=api.MyClaims(claims),
            notices=api.MyNotices(tuple(self.notices.get(person, ()))),
        )


def _asked(name, records):
    own = [one for one in records if one.requester == name]
    return api.WhoAsked(
        requester=name,
        times=len(own),
        refused=sum(one.outcome.startswith("REFUSED") for one in own),
        last_at=max(one.requested_at for one in own),
    )


def _fits(one, params):
    day = one.requested_at.date().isoformat()
    return (
        params.get("requester", one.requester) == one.requester
        and params.get("outcome", one.outcome) == one.outcome
        and params.get("since", day) <= day < params.get("until", "9999")
    )


def ticket_of(person, number):
    """Return a disclosure as jpki hands it on: the fake's ticket names whose it is."""
    return Disclosure(acquisition=f"{number:022d}", sealed=person.encode(), inquiries=b"")


def _json(content):
    return httpx2.Response(200, content=msgspec.json.encode(content))


def _problem(code, status):
    body = {"type": f"urn:kumihimo:{code}", "title": "", "status": status}
    return httpx2.Response(status, content=msgspec.json.encode(body))
