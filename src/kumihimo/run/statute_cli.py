"""`kumihimo statute`: what the law allows, in words."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import attrs
import msgspec
from cyclopts import App, Parameter

from kumihimo.kernel.clock import SystemClock, legal_day
from kumihimo.kernel.refusal import BadInput
from kumihimo.statute.checking import Kind, check, printed
from kumihimo.statute.deployment import Assembled, assemble, deployment_institutions
from kumihimo.statute.explain import Change, difference, explain
from kumihimo.statute.law import Institution, affairs
from kumihimo.statute.positive_list import Entry
from kumihimo.statute.tabular import BadRows, read_file
from kumihimo.statute.unmapped import Unmatched, dead, unmatched

app = App(
    name="statute",
    help="誰が誰に何を照会できるかを法令から説明する。 Explain from the law who may ask whom what.",
    help_format="plaintext",
)

ROWS_SHOWN = 50


@Parameter(name="*")
@attrs.frozen(kw_only=True)
class Given:
    """Files that are added to the law's own tables."""

    law: Annotated[
        Path | None,
        Parameter(help="追加の法令データ。 A JSON file of further entries, such as a draft."),
    ] = None
    institutions: Annotated[
        Path | None,
        Parameter(
            help="追加の機関（TSV・JSON）。 Institutions that the law's tables do not name,"
            " such as a deployment's file."
        ),
    ] = None
    quasi: Annotated[
        Path | None,
        Parameter(
            help="準法定事務（TSV・JSON）。 A file of affairs declared equal to a row of 別表."
        ),
    ] = None
    ordinances: Annotated[
        Path | None,
        Parameter(help="独自利用事務の条例（TSV・JSON）。 A file of municipal ordinances."),
    ] = None


NOTHING = Given()


def _day(text: str | None, option: str) -> date:
    if text is None:
        return legal_day(SystemClock().now())
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"--{option}: a date like 2026-06-01 is expected", pointer=option) from error


def _entries(law: Path | None) -> tuple[Entry, ...]:
    if law is None:
        return ()
    try:
        return msgspec.json.decode(read_file(law), type=tuple[Entry, ...])
    except BadInput as error:
        raise BadInput(f"--law: {error.detail}", pointer="law") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(
            f"--law: {law}: not a JSON list of entries: {error}", pointer="law"
        ) from error


def _with_law(more: Sequence[Institution], law: Path | None) -> Assembled:
    try:
        return assemble(more, _entries(law))
    except BadInput as error:
        if law is None or error.pointer == "law":
            raise
        raise BadInput(f"--law: {law}: {error.detail}", pointer="law") from error


def _assembled(given: Given) -> Assembled:
    """Return the list with all that was given; what cannot be used names its option."""
    option, path = "institutions", given.institutions
    try:
        more = () if path is None else deployment_institutions(path)
        found = _with_law(more, given.law)
        option, path = "quasi", given.quasi
        if path is not None:
            found = found.with_quasi_affairs(read_file(path))
        option, path = "ordinances", given.ordinances
        if path is not None:
            found = found.with_ordinances(read_file(path))
    except BadRows as error:
        words = f"--{option}: {path}: {error.detail}; `kumihimo statute check` shows all"
        raise BadInput(words, pointer=option) from error
    return found


@app.command(name="explain")
def explain_command(
    *,
    requester: str,
    affair: str,
    provider: str,
    item: str,
    on: str | None = None,
    given: Given = NOTHING,
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
    json
        JSON で出力。 Print JSON.

    """
    whole = _assembled(given)
    found = explain(
        whole.law,
        whole.institutions,
        requester=requester,
        affair=affair,
        provider=provider,
        item=item,
        on=_day(on, "on"),
        names=whole.affairs,
    )
    if json:
        print(msgspec.json.encode(found).decode())
    else:
        print(f"{'○' if found.permitted else '✗'} {found.japanese} {found.english}")
        print(f"  照会者 requester  {found.requester}")
        print(f"  事務   affair     {found.affair}")
        if found.affair_basis:
            print(f"                    {found.affair_basis}")
        print(f"  提供者 provider   {found.provider}")
        print(f"  情報   item       {found.item}")
        print(f"  基準日 on         {found.on}")
        for basis in found.basis:
            print(f"  根拠   basis      {basis}")
        if found.dead:
            print(f"  該当機関なし nobody {', '.join(found.dead)}")
    return 0 if found.permitted else 1


@app.command(name="diff")
def diff_command(
    *,
    start: Annotated[str, Parameter(name="--from")],
    end: Annotated[str, Parameter(name="--to")],
    given: Given = NOTHING,
    json: bool = False,
) -> None:
    """二つの日の間に開くもの・閉じるもの。 Say what opens and closes between two days.

    Parameters
    ----------
    start
        始めの日。 The earlier day.
    end
        終わりの日。 The later day.
    json
        JSON で出力。 Print JSON.

    """
    found = difference(_assembled(given).law, _day(start, "from"), _day(end, "to"))
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
    what = ", ".join(change.items or change.informations)
    nobody = " 該当機関なし nobody" if change.nobody else ""
    return f"{change.entry} {change.affair}: {who}: {what} ({change.basis}){nobody}"


@app.command(name="check")
def check_command(
    file: Path, *, kind: Kind | None = None, given: Given = NOTHING, json: bool = False
) -> int:
    """ファイルの行を確かめる。 Check every row of a file before it is used.

    Exit code 0 when every row can be used, 1 when a row cannot.

    Parameters
    ----------
    file
        確かめるファイル。 A file of ordinances, quasi affairs or institutions.
    kind
        種類。 What it holds; told from its columns when left out.
    json
        JSON で出力。 Print JSON.

    """
    found = check(read_file(file), kind, _assembled(given))
    print(msgspec.json.encode(found).decode() if json else printed(found, ROWS_SHOWN))
    return 1 if found.bad else 0


@app.command(name="institutions")
def institutions_command(
    *, find: str = "", unmapped: bool = False, given: Given = NOTHING, json: bool = False
) -> None:
    """機関の一覧。 List institutions whose id or name contains a text.

    Parameters
    ----------
    find
        探す文字。 The text to look for.
    unmapped
        該当する機関のない区分。 List instead the classes of the list that match nobody.
    json
        JSON で出力。 Print JSON.

    """
    whole = _assembled(given)
    if unmapped:
        _print_unmatched(whole, find, json=json)
        return
    bodies = [one for one in whole.institutions if find in one.institution or find in one.name]
    if json:
        print(msgspec.json.encode(bodies).decode())
        return
    for body in bodies:
        print(f"{body.institution}\t{body.name}")


def _print_unmatched(whole: Assembled, find: str, *, json: bool) -> None:
    found = [one for one in unmatched(whole.law) if find in one.name]
    if json:
        print(msgspec.json.encode(found).decode())
        return
    for one in found:
        print(_unmatched_line(one))
    words = sum(one.why == "unmapped" for one in found)
    rows = len(dead(whole.law, whole.law.entries))
    print(f"区分のない文言 unmapped {words}, 機関のない区分 empty {len(found) - words}", end="")
    print(f", 何も許さない行 rows that permit nothing {rows}")


def _unmatched_line(one: Unmatched) -> str:
    asking = ",".join(one.as_requester) or "-"
    return f"{one.why}\t{one.name}\t{asking}\t{','.join(one.as_provider) or '-'}"


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
            print(f"{affair.affair}\t{affair.basis}\t{affair.agency}\t{affair.text}")
