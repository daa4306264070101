"""Single questions that come while others are on their way travel together.

A clerk asks about one person and waits. Alone, her question costs signed messages and commits at
four rooms; a batch costs hardly more. So a question waits until one of the journeys to its
provider ends and goes with all who came meanwhile: the busier the house, the less each question
costs (decision 0005). Nobody waits for another provider's silence.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from kumihimo.kernel.refusal import NotFound, Refusal
from kumihimo.kernel.together import Together
from kumihimo.rooms.gateway import answers, asking, sending
from kumihimo.rooms.gateway.business import InquiryAnswer, Question
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.linkage.api import BATCH_MAX

# One journey is at the core while another is at the provider; more only cost more.
JOURNEYS_AT_ONCE: Final = 2

_Lane = Together[Question, InquiryAnswer | Refusal]


class Gathering:
    """Asks single questions of many clerks in as few batches as they come."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._lanes: dict[tuple[str, str], _Lane] = {}

    async def ask(
        self,
        tenant: Tenant,
        questions: Sequence[Question],
        *,
        affairs: frozenset[str] | None = None,
    ) -> Sequence[InquiryAnswer]:
        """Ask, wait as far as it goes now, and return where each question stands.

        Raises what `asking.ask` raises, and `Busy`. Several questions are a batch already.
        """
        asking.check_questions(questions, affairs)
        if len(questions) > 1:
            return await self._ask(tenant, questions)
        [question] = questions
        name = (tenant.institution, question.provider)
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = self._lane(tenant)
        try:
            found = await lane.ask(question)
        finally:
            if lane.idle:
                self._lanes.pop(name, None)
        if isinstance(found, Refusal):
            raise found
        return [found]

    async def _ask(self, tenant: Tenant, questions: Sequence[Question]) -> list[InquiryAnswer]:
        gateway = self._gateway
        taken = await asking.ask(gateway, tenant, questions)
        if taken.batch is not None:
            await sending.carry(gateway, tenant, taken.batch, taken.rows)
        return await answers.poll(gateway, tenant, [one.inquiry for one in taken.accepted])

    def _lane(self, tenant: Tenant) -> _Lane:
        async def act(questions: Sequence[Question]) -> Sequence[InquiryAnswer | Refusal]:
            try:
                return await self._ask(tenant, questions)
            except Refusal as refusal:
                if len(questions) == 1:
                    return [refusal]
                if not isinstance(refusal, NotFound):
                    raise
            # One addressee number is nobody's: nothing was stored, so each asks for herself.
            alone = await asyncio.gather(*(act([one]) for one in questions))
            return [answer for [answer] in alone]

        return Together(act, most=BATCH_MAX, at_once=JOURNEYS_AT_ONCE, consumer=tenant.institution)
