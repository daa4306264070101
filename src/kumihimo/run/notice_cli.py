"""`kumihimo gateway notice`: telling persons something by the portal (お知らせ)."""

import asyncio
import csv
import io
from pathlib import Path
from typing import Any, Final

import msgspec
from cyclopts import App

from kumihimo.kernel.files import open_regular
from kumihimo.kernel.refusal import BadInput, NotFound
from kumihimo.rooms.gateway import portal_notices
from kumihimo.rooms.gateway.business_notices import (
    NoticeInfo,
    NoticeSent,
    NoticesToSend,
    NoticeToSend,
    NoticeWithdrawn,
)
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.linkage.notice_api import PORTAL_NOTICES_MAX
from kumihimo.run.gateway_open import followed, within

FILE_BYTES_MAX: Final = 64 * 1024 * 1024  # as of a file of copies
COLUMNS: Final = ("reference", "addressee", "affair", "category", "title", "text")
OPTIONAL: Final = ("deadline", "link", "until")
OUTCOMES: Final = {
    "SENT": "送りました sent",
    "KNOWN": "送ってあります sent before",
    "NO_PERSON": "登録がありません nobody is registered under this addressee number",
    "PENDING_ACQUISITION": "符号の取得中です。後で送り直してください her code is not here yet; send again later",
    "LINK_SUSPENDED": "ひも付けの確認中です whose number this is, is being checked; write a letter",
    "WITHHELD": "不開示・自己情報提供不可です her data are withheld; write a letter",
}

app = App(name="notice", help="本人へのお知らせ。 Notices to persons by the portal.")


@app.command
def send(institution: str, file: Path, *, officer: str, config: Path) -> None:
    """お知らせを送る。 Send notices, and print what became of each.

    The same file again sends only what was not sent. Exits with an error when one was not sent.

    Parameters
    ----------
    institution
        機関。 The institution, such as lg-131032.
    file
        CSV ファイル（UTF-8）。 A CSV file in UTF-8 with the columns reference, addressee, affair,
        category, title and text, and by choice deadline, link and until.
    officer
        送る職員。 Who sends them, by a staff id and not by a name.
    config
        中間サーバーの設定ファイル。 The gateway's settings file.
    """
    orders = [_order(officer, rows) for rows in _batches(_rows(file))]

    async def sent(gateway: Gateway, tenant: Tenant) -> list[NoticeSent]:
        found: list[NoticeSent] = []
        for order in orders:
            found += await portal_notices.send(gateway, tenant, order, affairs=None)
        return found

    answers = asyncio.run(followed(config, institution, sent))
    for one in answers:
        print(f"{one.reference}\t{one.notice or '-'}\t{OUTCOMES[one.outcome]}")
    missed = sum(not one.notice for one in answers)
    if missed:
        raise NotFound(f"{missed} 件は送っていません。 notices were not sent", pointer="file")


@app.command
def withdraw(institution: str, notice: str, *, officer: str, config: Path) -> None:
    """お知らせを取り消す。 Take a notice back: the person reads that it was withdrawn.

    Parameters
    ----------
    institution
        機関。 The institution, such as lg-131032.
    notice
        お知らせの番号。 The notice's id, as `send` and `listed` print it.
    officer
        取り消す職員。 Who takes it back, by a staff id and not by a name.
    config
        中間サーバーの設定ファイル。 The gateway's settings file.
    """

    async def taken_back(gateway: Gateway, tenant: Tenant) -> None:
        order = _converted({"notice": notice, "officer": officer}, NoticeWithdrawn, "")
        await portal_notices.withdraw(gateway, tenant, order)

    asyncio.run(followed(config, institution, taken_back))


@app.command
def listed(institution: str, addressee: str, *, config: Path) -> None:
    """送ったお知らせの一覧。 List what a person was sent, the latest first.

    Parameters
    ----------
    institution
        機関。 The institution, such as lg-131032.
    addressee
        宛名番号。 The institution's own number of the person.
    config
        中間サーバーの設定ファイル。 The gateway's settings file.
    """

    async def found(gateway: Gateway, tenant: Tenant) -> tuple[NoticeInfo, ...]:
        return await portal_notices.of_person(gateway, tenant, addressee)

    for one in asyncio.run(within(config, institution, found)):
        due = one.deadline or "-"
        print(f"{one.notice}\t{one.sent_on}\t{one.state}\t{due}\t{one.reference}\t{one.title}")


def _rows(file: Path) -> list[dict[str, str]]:
    try:
        with open_regular(file) as opened:
            content = opened.read(FILE_BYTES_MAX + 1)
        if len(content) > FILE_BYTES_MAX:
            raise BadInput(f"{file}: more than {FILE_BYTES_MAX} bytes", pointer="file")
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise BadInput(f"{file}: {error.strerror}", pointer="file") from None
    except UnicodeDecodeError:
        raise BadInput(f"{file}: not UTF-8", pointer="file") from None
    try:
        table = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        names = table.fieldnames or ()
        if set(COLUMNS) - set(names) or set(names) - set(COLUMNS) - set(OPTIONAL):
            raise BadInput(
                f"{file}: the columns are {', '.join(COLUMNS)}; by choice {', '.join(OPTIONAL)}",
                pointer="file",
            )
        return list(table)
    except csv.Error as error:
        raise BadInput(f"{file}: no CSV: {error}", pointer="file") from None


def _batches(rows: list[dict[str, str]]) -> list[list[tuple[int, dict[str, str]]]]:
    numbered = list(enumerate(rows, start=1))
    size = PORTAL_NOTICES_MAX
    return [numbered[start : start + size] for start in range(0, len(numbered), size)]


def _order(officer: str, rows: list[tuple[int, dict[str, str]]]) -> NoticesToSend:
    notices = tuple(
        _converted(
            {name: value for name, value in row.items() if value or name in COLUMNS},
            NoticeToSend,
            f"row {number}: ",
        )
        for number, row in rows
    )
    return _converted({"officer": officer, "notices": notices}, NoticesToSend, "")


def _converted(fields: dict[str, Any], to: type[Any], where: str) -> Any:  # noqa: ANN401 - of `to`
    """Return a checked message; a refusal names the row and the column, and no value."""
    try:
        return msgspec.convert(fields, to, strict=False)
    except msgspec.ValidationError as error:
        _, _, place = str(error).partition(" - at `$.")
        name = place.rstrip("`") or "columns"
        raise BadInput(f"{where}check the form of: {name}", pointer=name) from None
