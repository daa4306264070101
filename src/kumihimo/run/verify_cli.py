"""`kumihimo verify`: anybody checks a history that a person took away, without network and database."""

from datetime import UTC, datetime
from pathlib import Path

from cyclopts import App

from kumihimo.kernel.clock import JST
from kumihimo.kernel.files import open_regular
from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.tlog.note import BadNote, Kind, NoteKey
from kumihimo.rooms.ledger.domain.verifying import BYTES_MAX, Signers, Verdict, Wrong, verify
from kumihimo.rooms.portal import wording

HOLDS, WRONG = 0, 1
# How the portal's other files begin: PDF, CSV, and JSON of one list or of all.
TO_READ = (
    b"%PDF",
    b"\xef\xbb\xbf",
    b'{\n "form": "kumihimo-who-looked/',
    b'{\n "form": "kumihimo-everything/',
)

app = App(
    name="verify",
    help="持ち帰った「やりとり履歴」を確かめる。 Check a history that a person took away.",
)


@app.default
def check(
    export: Path,
    *,
    log_key: list[str] | None = None,
    witness_key: str = "",
    earlier: Path | None = None,
    records: bool = False,
) -> int:
    """記録が書き換えられず、欠けてもいないことを、手元だけで確かめる。 Check that nothing was changed or left out.

    Needs no network and no database. Tells the first thing that is wrong and ends with 1. Without
    both keys it ends with 1, too: whoever makes up a history can sign it with keys of his own.

    Parameters
    ----------
    export
        ポータルで取得した履歴のファイル。 The file that the portal handed out, `who-looked-proof.json`.
    log_key
        台帳のログの公開鍵（鍵を替えたときは繰り返す）。 The log's public key (vkey), as `kumihimo ledger
        log-key` prints it; again for each key that it had.
    witness_key
        立会人の公開鍵。 The witness's public key (vkey), as `kumihimo oversight witness-key` prints it.
    earlier
        前に取得した履歴のファイル。 An earlier history of the same person, which this one must continue.
    records
        確かめた記録を一件ずつ表示。 Show each record that was checked, to hold other files against.
    """
    signers = _signers(log_key or [], witness_key)
    content = _read(export, "export")
    before = None if earlier is None else _read(earlier, "earlier")
    try:
        verdict = verify(content, signers=signers, earlier=before)
    except Wrong as wrong:
        print(f"合いません：{wrong.japanese}\nDoes not hold: {wrong.english}")
        return WRONG
    if records:
        _show(verdict)
    _tell(verdict, continued=before is not None)
    if signers is None:
        _tell_unknown(verdict)
        return WRONG
    print("書き換えも欠けもありません。 It holds: nothing was changed, nothing is missing.")
    return HOLDS


def _signers(log_keys: list[str], witness_key: str) -> Signers | None:
    if not log_keys and not witness_key:
        return None
    if not log_keys or not witness_key:
        raise BadInput(
            "--log-key と --witness-key は両方要ります。 Both keys are needed", pointer="keys"
        )
    logs = [_key(one, Kind.TEXT, "--log-key") for one in log_keys]
    return Signers(logs, _key(witness_key, Kind.COSIGNATURE, "--witness-key"))


def _key(text: str, kind: Kind, option: str) -> NoteKey:
    try:
        found = NoteKey.parse(text)
    except (BadNote, UnicodeEncodeError) as error:
        raise BadInput(f"{option}: not a key: {error}", pointer=option) from None
    if found.kind is not kind:
        raise BadInput(f"{option}: a key of another kind", pointer=option)
    return found


def _read(path: Path, pointer: str) -> bytes:
    try:
        with open_regular(path) as file:
            content = file.read(BYTES_MAX + 1)
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}", pointer=pointer) from error
    if len(content) > BYTES_MAX:
        raise BadInput(f"{path}: more than {BYTES_MAX} bytes", pointer=pointer)
    if content.startswith(TO_READ):
        raise BadInput(
            f"{path}: 読むためのファイルです。確かめられるのは「証明つきの記録」（who-looked-proof.json）だけです。"
            " A file for reading: what can be checked are the records with their proof",
            pointer=pointer,
        )
    return content


def _show(verdict: Verdict) -> None:
    """Print the records, the oldest first; one without a number has "-"."""
    numbered = [(str(link.number), link.record) for link in verdict.history.links]
    for number, record in [*numbered, *(("-", one) for one in verdict.history.unnumbered)]:
        words = record.content
        at = words.requested_at.astimezone(JST)
        bodies = [wording.body(one).japanese for one in (words.requester, words.provider)]
        affair, came_of = wording.affair(words.affair).japanese, wording.outcome(words.outcome)
        told = (f"{at:%Y-%m-%d %H:%M:%S}", *bodies, affair, came_of.japanese, words.record)
        print("\t".join((number, *told)))


def _tell(verdict: Verdict, *, continued: bool) -> None:
    history = verdict.history
    at = datetime.fromtimestamp(verdict.witnessed_at, UTC).astimezone(JST)
    when = f"{at:%Y-%m-%d %H:%M}"
    if history.links:
        print(
            f"記録は{history.first}番から{history.last}番まで、欠けていません。"
            f" Numbers {history.first} to {history.last}: none is missing."
        )
    else:
        print("番号のある記録はありません。 There is no numbered record.")
    print(
        f"{when}（日本時間）に連署された公開ログ（{verdict.size}件）で確かめました。"
        f" Checked against the public log of {verdict.size} entries, cosigned {when} in Japan."
    )
    if history.unnumbered:
        count = len(history.unnumbered)
        print(f"まだ番号のない記録が{count}件あります。 {count} more have no number yet.")
    if continued:
        print("前の書類の続きです。 It continues the earlier history.")


def _tell_unknown(verdict: Verdict) -> None:
    keys = verdict.history.keys
    print(
        "だれが署名したかは、まだ確かめていません。書類の中の鍵で確かめただけです。"
        "公表されている鍵と同じか見て、--log-key と --witness-key で渡してください。\n"
        "Who signed it was not checked: only that it fits the keys that it names itself."
        " Compare them with the published ones, and give those by --log-key and --witness-key."
    )
    print(f"--log-key {keys.log!r} --witness-key {keys.witness!r}")
