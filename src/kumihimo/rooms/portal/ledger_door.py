"""The way to the ledger with a person's own session: the portal shows what it reads, and stores none."""

from collections.abc import Mapping, Sequence
from typing import Final, TypeVar
from urllib.parse import urlencode

import httpx2
import msgspec

from kumihimo.kernel.messenger import Messenger, Questions
from kumihimo.kernel.net import Refused, trusted
from kumihimo.kernel.refusal import Problem, Unavailable, is_busy
from kumihimo.kernel.tracing import span
from kumihimo.rooms.jpki.forms import Disclosure
from kumihimo.rooms.ledger import api

T = TypeVar("T")

TIMEOUT_S: Final = 20.0
PARTY: Final = api.PARTY
_SUCCESS: Final = range(200, 300)


class LedgerDoor:
    """The ledger's doors for a person. Raises `Refused`, `Unavailable`."""

    def __init__(self, address: str, *, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._address = address.rstrip("/")
        self._questions = Questions(transport or Messenger(trusted()), timeout_s=TIMEOUT_S)

    async def open_session(self, disclosure: Disclosure) -> api.Session:
        """Open a session with a ticket; `Unavailable` while it is not ready yet."""
        asked = api.OpenSession(acquisition=disclosure.acquisition, sealed=disclosure.sealed)
        body = msgspec.json.encode(asked)
        return await self._ask("POST", api.SESSIONS_PATH, api.Session, body=body)

    async def records(self, token: str, wanted: Mapping[str, str]) -> api.MyRecords:
        """Read a page of a person's records; `wanted` are the door's own filters."""
        return await self._ask(
            "GET", api.MY_RECORDS_PATH, api.MyRecords, token=token, params=wanted
        )

    async def history(self, token: str) -> bytes:
        """Return a person's history with what proves it, as the ledger signed it."""
        return await self._send("GET", api.HISTORY_PATH, token=token)

    async def own(self, token: str) -> api.OwnInformation:
        """Read what a person asked about herself in this session, and what came."""
        return await self._ask("GET", api.OWN_PATH, api.OwnInformation, token=token)

    async def ask_own(self, token: str, information: str) -> api.OwnInformation:
        """Have every institution asked that may hold a kind of information about her."""
        body = msgspec.json.encode(api.AskOwn(information))
        return await self._ask("POST", api.ASK_OWN_PATH, api.OwnInformation, token=token, body=body)

    async def claims(self, token: str) -> api.MyClaims:
        """Read how what a person said of exchanges stands."""
        return await self._ask("GET", api.MY_CLAIMS_PATH, api.MyClaims, token=token)

    async def tell_claim(self, token: str, told: api.TellClaim) -> api.MyClaims:
        """Have carried what a person says of an exchange; a repeat changes nothing."""
        body = msgspec.json.encode(told)
        return await self._ask("POST", api.TELL_CLAIM_PATH, api.MyClaims, token=token, body=body)

    async def overview(self, token: str) -> api.Overview:
        """Read what the first page shows."""
        return await self._ask("GET", api.OVERVIEW_PATH, api.Overview, token=token)

    async def notices(self, token: str) -> api.MyNotices:
        """Read what institutions tell a person."""
        return await self._ask("GET", api.MY_NOTICES_PATH, api.MyNotices, token=token)

    async def give_delegation(self, token: str, asked: api.GiveDelegation) -> api.DelegationGiven:
        """Let whoever will hold the secret read one thing for a person."""
        body = msgspec.json.encode(asked)
        path = api.GIVE_DELEGATION_PATH
        return await self._ask("POST", path, api.DelegationGiven, token=token, body=body)

    async def act_for(
        self, token: str, secret: str, *, cursor: str = "", ask: bool = False
    ) -> api.DelegatedRead:
        """Read for somebody, in the proxy's own session."""
        body = msgspec.json.encode(api.ActFor(secret=secret, cursor=cursor, ask=ask))
        return await self._ask("POST", api.ACT_FOR_PATH, api.DelegatedRead, token=token, body=body)

    async def acts_for(self, token: str, secrets: Sequence[str]) -> api.DelegatedActs:
        """Read what a proxy read for others."""
        body = msgspec.json.encode(api.ActsFor(tuple(secrets)))
        return await self._ask("POST", api.ACTS_FOR_PATH, api.DelegatedActs, token=token, body=body)

    async def acts_on_me(self, token: str) -> api.DelegatedActs:
        """Read what others read for a person."""
        return await self._ask("GET", api.ACTS_ON_ME_PATH, api.DelegatedActs, token=token)

    async def end_delegation(self, secret: str) -> None:
        """End a delegation by its secret."""
        body = msgspec.json.encode(api.EndDelegation(secret))
        await self._send("POST", api.END_DELEGATION_PATH, body=body)

    async def hang_bell(self, token: str) -> str:
        """Have a bell hung for a person, in place of the one before; returns its secret."""
        path = api.HANG_BELL_PATH
        return (await self._ask("POST", path, api.BellHung, token=token, body=b"{}")).secret

    async def hear_bells(self, asked: api.HearBells) -> tuple[str, ...]:
        """Return the secrets of those bells that ring."""
        body = msgspec.json.encode(asked)
        return (await self._ask("POST", api.HEAR_BELLS_PATH, api.BellsHeard, body=body)).rings

    async def close_session(self, token: str) -> None:
        """End a session at the ledger, too."""
        await self._send("DELETE", api.MY_SESSION_PATH, token=token)

    async def close(self) -> None:
        """Close the connections."""
        await self._questions.close()

    async def _ask(
        self,
        method: str,
        path: str,
        reply: type[T],
        *,
        token: str = "",
        body: bytes = b"",
        params: Mapping[str, str] | None = None,
    ) -> T:
        content = await self._send(method, path, token=token, body=body, params=params)
        return _decoded(content, reply)

    async def _send(
        self,
        method: str,
        path: str,
        *,
        token: str = "",
        body: bytes = b"",
        params: Mapping[str, str] | None = None,
    ) -> bytes:
        headers = {"content-type": "application/json"}
        asked = f"?{urlencode(params)}" if params else ""
        if token:
            headers["authorization"] = f"Bearer {token}"
        try:
            with span(f"call {PARTY}", begins=True):
                answer = await self._questions.ask(
                    method, self._address + path + asked, headers=headers, body=body
                )
        except httpx2.HTTPError as error:
            raise Unavailable("the ledger does not answer") from error
        if answer.status_code not in _SUCCESS:
            problem = _decoded(answer.content, Problem)
            if problem.type.endswith(f":{Unavailable.code}"):
                raise Unavailable("the ledger has no half of the ticket yet")
            if is_busy(problem):
                raise Unavailable("the ledger has too much to do now")
            raise Refused(PARTY, problem)
        return answer.content


def _decoded(content: bytes, reply: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=reply)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unavailable("the ledger answered in a form that is not understood") from error
