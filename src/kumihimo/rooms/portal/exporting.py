"""A person's records as files: JSON by a schema, CSV for a table, PDF/UA for paper."""

import asyncio
import csv
import io
import tempfile
from collections.abc import Sequence
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import msgspec
import noto_cjk_sans_jp_regular
import typst

from kumihimo.kernel.clock import JST
from kumihimo.pages.engine import Language
from kumihimo.rooms.ledger.api import History, MyRecord
from kumihimo.rooms.portal import wording

FORM: Final = "kumihimo-who-looked/1"
_BOM: Final = b"\xef\xbb\xbf"  # or a spreadsheet takes the Japanese for something else


class ExportedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange or refusal: ids as the law's data have them, and the words beside them."""

    record: str
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


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """A person's records as the ledger told them at a moment, the newest first."""

    form: str
    exported_at: datetime
    records: tuple[ExportedRecord, ...]


def _exported(record: MyRecord) -> ExportedRecord:
    return ExportedRecord(
        record=record.record,
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


def as_json(records: Sequence[MyRecord], *, at: datetime) -> bytes:
    """Return the records as JSON that `schema` describes."""
    content = Export(
        form=FORM, exported_at=at, records=tuple(_exported(record) for record in records)
    )
    return msgspec.json.format(msgspec.json.encode(content), indent=1)


def schema() -> bytes:
    """Return the JSON Schema of `as_json`."""
    return msgspec.json.encode(msgspec.json.schema(Export))


def proof_schema() -> bytes:
    """Return the JSON Schema of the history that the ledger hands out."""
    return msgspec.json.encode(msgspec.json.schema(History))


def as_csv(records: Sequence[MyRecord], language: Language) -> bytes:
    """Return the records as CSV in words; a cell that a spreadsheet would compute is made text."""
    out = io.StringIO()
    writer = csv.writer(out)
    english = language == "en"
    writer.writerow(_HEAD[1 if english else 0])
    for one in records:
        writer.writerow(
            [
                _local(one.requested_at),
                _cell(wording.body(one.requester).say(language)),
                _cell(wording.body(one.provider).say(language)),
                _cell(wording.affair(one.affair).say(language)),
                _cell("、".join(wording.item(name).say(language) for name in one.items)),
                _cell(wording.outcome(one.outcome).say(language)),
                _local(one.provided_at) if one.provided_at else "",
                _cell("、".join(wording.law_of(one.affair, one.basis, inside=_inside(one)))),
                one.record,
                _cell(wording.asker(one.office, one.role)),
            ]
        )
    return _BOM + out.getvalue().encode()


_HEAD: Final = (
    [
        "日時",
        "照会した機関",
        "答えた機関",
        "手続",
        "情報",
        "結果",
        "提供日時",
        "根拠",
        "記録番号",
        "部署・職",
    ],
    [
        "asked",
        "who asked",
        "who answered",
        "procedure",
        "items",
        "result",
        "given",
        "law",
        "record",
        "office and role",
    ],
)


def _cell(text: str) -> str:
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def _local(at: datetime) -> str:
    return at.astimezone(JST).strftime("%Y-%m-%d %H:%M:%S")


async def as_pdf(entries: Sequence[Any], language: Language, *, at: datetime) -> bytes:
    """Return entries as a tagged PDF; `entries` are `pages.looked.Entry`."""
    content = {
        "english": language == "en",
        "at": _local(at),
        "entries": [
            {
                "at": one.at,
                "requester": f"{one.requester}（{one.asker}）" if one.asker else one.requester,
                "provider": one.provider,
                "affair": one.affair,
                "items": "、".join(one.items),
                "outcome": one.outcome,
                "law": "、".join(one.law),
            }
            for one in entries
        ],
    }
    return await asyncio.to_thread(_set, msgspec.json.encode(content))


def _set(content: bytes) -> bytes:
    with tempfile.TemporaryDirectory(prefix="kumihimo-") as name:
        place = Path(name)
        (place / "records.json").write_bytes(content)
        text = (files("kumihimo.rooms.portal") / "data" / "records.typ").read_text("utf-8")
        (place / "records.typ").write_text(text, "utf-8")
        made = typst.compile(
            str(place / "records.typ"),
            root=name,
            font_paths=[str(Path(str(noto_cjk_sans_jp_regular.FONT_PATH)).parent)],
            ignore_system_fonts=True,
            format="pdf",
            pdf_standards=["ua-1"],
        )
    assert isinstance(made, bytes)
    return made
