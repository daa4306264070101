"""`kumihimo statute`: what the law allows, in words."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import App, Parameter

from kumihimo.kernel.clock import SystemClock, legal_day
from kumihimo.kernel.refusal import BadInput
from kumihimo.statute.explain import Change, difference, explain
from kumihimo.statute.law import affairs, build_list, institutions, old_entries, self_information
from kumihimo.statute.positive_list import Entry

app = App(
    name="statute",
    help="誰が誰に何を照会できるかを法令から説明する。 Explain from the law who may ask whom what.",
    help_format="plaintext",
)

ROWS_SHOWN = 50


def _day(text: str | None, option: str) -> date:
    if text is None:
        return legal_day(SystemClock().now())
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"--{option}: a date like 2026-06-01 is expected", pointer=option) from error


def _entries(law: Path | None) -> Sequence[Entry]:
    own = (*old_entries(), self_information())
    if law is None:
        return own
    try:
        more = msgspec.json.decode(law.read_bytes(), type=tuple[Entry, ...])
    except OSError as error:
        raise BadInput(f"--law: {law}: {error.strerror}", pointer="law") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput(
            f"--law: {law}: not a JSON list of entries: {error}", pointer="law"
        ) from error
    return (*own, *more)


@app.command(name="explain")
def explain_command(
    *,
    requester: str,
    affair: str,
    provider: str,
    item: str,
    on: str | None = None,
    law: Path | None = None,
    json: bool = False,
) -> int:
    """照会できるか、なぜかを答える。 Say whether a question is on the list, and why.

    Parameters
    ----------
    requester
        照会する機関。 Who asks, such as lg-131032.
    affair
        事務。 For which affair, such as b081.
    provider
        照会される機関。 Who is asked, such as lg-271004.
    item
        情報項目。 For what, such as local-tax.total-income.
    on
        基準日。 On which day; today when left out.
    law
        追加の法令データ。 A JSON file of further entries, such as a draft.
    json
        JSON で出力。 Print JSON.

    """
    day = _day(on, "on")
    found = explain(
        build_list(entries=_entries(law)),
        institutions(),
        requester=requester,
        affair=affair,
        provider=provider,
        item=item,
        on=day,
    )
    if json:
        print(msgspec.json.encode(found).decode())
    else:
        print(f"{'○' if found.permitted else '✗'} {found.japanese} {found.english}")
        print(f"  照会者 requester  {found.requester}")
        print(f"  事務   affair     {found.affair}")
        print(f"  提供者 provider   {found.provider}")
        print(f"  基準日 on         {found.on}")
        for basis in found.basis:
            print(f"  根拠   basis      {basis}")
    return 0 if found.permitted else 1


@app.command(name="diff")
def diff_command(
    *,
    start: Annotated[str, Parameter(name="--from")],
    end: Annotated[str, Parameter(name="--to")],
    law: Path | None = None,
    json: bool = False,
) -> None:
    """二つの日の間に開くもの・閉じるもの。 Say what opens and closes between two days.

    Parameters
    ----------
    start
        始めの日。 The earlier day.
    end
        終わりの日。 The later day.
    law
        追加の法令データ。 A JSON file of further entries, such as a draft.
    json
        JSON で出力。 Print JSON.

    """
    rows = build_list(entries=_entries(law))
    found = difference(rows, _day(start, "from"), _day(end, "to"))
    if json:
        print(msgspec.json.encode(found).decode())
        return
    for sign, changes in (("+", found.opens), ("-", found.closes)):
        for change in changes[:ROWS_SHOWN]:
            print(f"{sign} {_line(change)}")
        if len(changes) > ROWS_SHOWN:
            print(f"{sign} … {len(changes) - ROWS_SHOWN} more; --json shows all")
    print(f"開く opens {len(found.opens)}, 閉じる closes {len(found.closes)}")


def _line(change: Change) -> str:
    who = f"{'|'.join(change.requesters)} → {'|'.join(change.providers)}"
    return (
        f"{change.entry} {change.affair}: {who}: {', '.join(change.informations)} ({change.basis})"
    )


@app.command(name="institutions")
def institutions_command(*, find: str = "") -> None:
    """機関の一覧。 List institutions whose id or name contains a text.

    Parameters
    ----------
    find
        探す文字。 The text to look for.

    """
    for body in institutions():
        if find in body.institution or find in body.name:
            print(f"{body.institution}\t{body.name}")


@app.command(name="affairs")
def affairs_command(*, find: str = "") -> None:
    """別表の事務の一覧。 List the affairs of 別表 whose id or text contains a text.

    Parameters
    ----------
    find
        探す文字。 The text to look for.

    """
    for affair in affairs():
        if find in affair.affair or find in affair.text:
            print(f"{affair.affair}\t{affair.agency}\t{affair.text}")
