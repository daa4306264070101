"""The portal's SQL for questions about one's own records."""

from datetime import date

import attrs

from kumihimo.kernel.sql import Tx


@attrs.frozen(kw_only=True, repr=False)
class QuestionRow:
    """A question or objection; what is locked stays so."""

    question: str
    account: str
    kind: str
    addressee: str
    content_locked: bytes
    evidence_locked: bytes
    asked_on: date
    due_on: date
    state: str


async def add(tx: Tx, row: QuestionRow) -> None:
    """Write a question down."""
    await tx.put(
        "INSERT INTO question (question, account, kind, addressee, content_locked,"
        " evidence_locked, asked_on, due_on, state) VALUES (%(question)s, %(account)s, %(kind)s,"
        " %(addressee)s, %(content_locked)s, %(evidence_locked)s, %(asked_on)s, %(due_on)s,"
        " %(state)s)",
        attrs.asdict(row),
    )


async def forget(tx: Tx, today: date, most: int) -> int:
    """Drop questions that are old enough, as the database knows; returns how many."""
    return await tx.value(
        "SELECT forget_questions(%(today)s, %(most)s)", {"today": today, "most": most}
    )


async def of_account(tx: Tx, account: str, most: int) -> list[QuestionRow]:
    """Return the questions of an account, the latest first."""
    return await tx.rows(
        "SELECT question, account, kind, addressee, content_locked, evidence_locked, asked_on,"
        " due_on, state FROM question WHERE account = %(account)s"
        " ORDER BY asked_on DESC, question LIMIT %(most)s",
        {"account": account, "most": most},
        QuestionRow,
    )
