"""A person's records as files: JSON by a schema, CSV for a table, PDF/UA for paper."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from kumihimo.pages.engine import Language
from kumihimo.rooms.ledger.api import History, MyRecord
from kumihimo.rooms.portal import wording
from kumihimo.rooms.portal.proxies_reading import Act
from kumihimo.rooms.portal.tables import cell, local, typeset, written

FORM: Final = "kumihimo-who-looked/1"
_NO_PROOF: Final = ("番号・証明なし", "no number, no proof")
_HEAD: Final = (
    (
        "日時",
        "照会した機関",
        "答えた機関",
        "手続",
        "情報",
        "結果",
        "提供日時",
        "根拠",
        "番号",
        "記録番号",
        "部署・職",
    ),
    (
        "asked",
        "who asked",
        "who answered",
        "procedure",
        "items",
        "result",
        "given",
        "law",
        "number",
        "record",
        "office and role",
    ),
)


class ExportedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange or refusal: ids as the law's data have them, and the words beside them.

    `number` is its place among all of hers, None while it has none: the history with its proof has it.
    """

    record: str
    number: int | None
    requested_at: datetime
    provided_at: datetime | None
    requester: str
    requester_name: str
    provider: str
    provider_name: str
    affair: str
    affair_name: str
    items: tuple[str, ...]
    law: tuple[str, ...]
    outcome: str
    channel: str
    under_investigation: bool
    office: str
    role: str


class ExportedAct(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a proxy read for her. `proxy` is what she calls the proxy.

    `proof` is always "none": it has no number in her chain and no leaf in the log, so that none is
    missing is the ledger's word.
    """

    read_at: datetime
    purpose: str
    purpose_name: str
    proxy: str
    channel: str = "proxy"
    proof: str = "none"


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """A person's records as the ledger told them at a moment, the newest first."""

    form: str
    exported_at: datetime
    records: tuple[ExportedRecord, ...]
    proxies: tuple[ExportedAct, ...]


def exported(record: MyRecord) -> ExportedRecord:
    """Return a record as files say it."""
    return ExportedRecord(
        record=record.record,
        number=record.number,
        requested_at=record.requested_at,
        provided_at=record.provided_at,
        requester=record.requester,
        requester_name=wording.body(record.requester).japanese,
        provider=record.provider,
        provider_name=wording.body(record.provider).japanese,
        affair=record.affair,
        affair_name=wording.affair(record.affair).japanese,
        items=record.items,
        law=wording.law_of(record.affair, record.basis, inside=_inside(record)),
        outcome=record.outcome,
        channel="inside" if _inside(record) else "network",
        under_investigation=record.under_investigation,
        office=record.office,
        role=record.role,
    )


def _inside(record: MyRecord) -> bool:
    return record.outcome == wording.LOOKED


def acted(act: Act) -> ExportedAct:
    """Return what a proxy read for her as files say it."""
    return ExportedAct(
        read_at=act.at,
        purpose=act.purpose,
        purpose_name=wording.purpose(act.purpose).japanese,
        proxy=act.label,
    )


def as_json(records: Sequence[MyRecord], acts: Sequence[Act], *, at: datetime) -> bytes:
    """Return the records, and what proxies read for her, as JSON that `schema` describes."""
    content = Export(
        form=FORM,
        exported_at=at,
        records=tuple(map(exported, records)),
        proxies=tuple(map(acted, acts)),
    )
    return msgspec.json.format(msgspec.json.encode(content), indent=1)


def schema() -> bytes:
    """Return the JSON Schema of `as_json`."""
    return msgspec.json.encode(msgspec.json.schema(Export))


def proof_schema() -> bytes:
    """Return the JSON Schema of the history that the ledger hands out."""
    return msgspec.json.encode(msgspec.json.schema(History))


def as_csv(records: Sequence[MyRecord], acts: Sequence[Act], language: Language) -> bytes:
    """Return the records as CSV in words, with what proxies read, in one timeline; a cell that a spreadsheet would compute is made text."""
    english = language == "en"
    rows = [(one.requested_at, _row(one, language)) for one in records]
    rows += [(one.at, _act_row(one, english=english)) for one in acts]
    rows.sort(key=lambda one: one[0], reverse=True)
    return written([_HEAD[1 if english else 0], *(row for _, row in rows)])


def _row(one: MyRecord, language: Language) -> tuple[str, ...]:
    between = ", " if language == "en" else "、"
    laws = wording.law_of(one.affair, one.basis, inside=_inside(one), language=language)
    return (
        local(one.requested_at),
        cell(wording.body(one.requester).say(language)),
        cell(wording.body(one.provider).say(language)),
        cell(wording.affair(one.affair).say(language)),
        cell(between.join(wording.item(name).say(language) for name in one.items)),
        cell(wording.outcome(one.outcome).say(language)),
        local(one.provided_at) if one.provided_at else "",
        cell(between.join(laws)),
        "" if one.number is None else str(one.number),
        one.record,
        cell(wording.asker(one.office, one.role)),
    )


def _act_row(one: Act, *, english: bool) -> tuple[str, ...]:
    """Return what a proxy read, in the columns of an exchange; in place of its number, that it has none."""
    words = wording.purpose(one.purpose)
    return (
        local(one.at),
        cell(f"proxy: {one.label}" if english else f"代理：{one.label}"),
        "",
        cell(words.english if english else words.japanese),
        "",
        "read" if english else "読んだ",
        "",
        "",
        "",
        _NO_PROOF[1 if english else 0],
        "",
    )


async def as_pdf(entries: Sequence[Any], language: Language, *, at: datetime) -> bytes:
    """Return entries as a tagged PDF: `pages.looked.Entry`, and `pages.delegated.ShownAct` between."""
    english = language == "en"
    content = {
        "english": english,
        "at": local(at),
        "proxies": any(one.kind == "proxy" for one in entries),
        "entries": [
            _act_line(one, english=english) if one.kind == "proxy" else _line(one)
            for one in entries
        ],
    }
    return await typeset("records.typ", content)


def _line(one: Any) -> dict[str, str]:  # noqa: ANN401 - an entry as the page says it
    return {
        "number": "" if one.number is None else str(one.number),
        "at": one.at,
        "requester": f"{one.requester}（{one.asker}）" if one.asker else one.requester,
        "provider": one.provider,
        "affair": one.affair,
        "items": "、".join(one.items),
        "outcome": one.outcome,
        "law": "、".join(one.law),
    }


def _act_line(one: Any, *, english: bool) -> dict[str, str]:  # noqa: ANN401 - an act as the page says it
    return {
        "number": "",
        "at": one.at,
        "requester": f"proxy: {one.label}" if english else f"代理：{one.label}",
        "provider": "",
        "affair": one.purpose,
        "items": "",
        "outcome": "read" if english else "読んだ",
        "law": _NO_PROOF[1 if english else 0],
    }
