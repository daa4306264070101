"""Checks a history that a person took away: without network, database or the ledger's word.

(1) the file has the form in which the ledger hands it out, and nothing in it stands twice or beside;
(2) the checkpoint is signed by the log, and cosigned by the witness;
(3) every number from the first to the last is there once and in order, and each link is in the log,
    after its record and after the link before it, and commits to both;
(4) every record and every last word of a side is in the log as it stands here;
(5) what comes before the first number was old enough to be forgotten;
(6) the ledger signed that this is all, and which number is the newest;
(7) the history continues an earlier one.
The first thing that is wrong is told.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Final

import attrs
import msgspec

from kumihimo.kernel.tlog.checkpoint import Checkpoint
from kumihimo.kernel.tlog.leaf import SALT_BYTES
from kumihimo.kernel.tlog.note import BadNote, Note, NoteKey
from kumihimo.kernel.tlog.tree import ProofBroken, leaf_hash, verify_inclusion
from kumihimo.rooms.ledger.api import HISTORY_FORM, History, ProvenLeaf, ProvenLink, ProvenRecord
from kumihimo.rooms.ledger.domain.history import (
    leaf_of_end,
    leaf_of_link,
    leaf_of_record,
    statement_lines,
)

BYTES_MAX: Final = 64 * 1024 * 1024  # the largest history has a few thousand proofs of a kilobyte
KEPT_YEARS: Final = 7  # Number Act art. 23(3), enforcement order art. 30
LATEST: Final = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp())


class Wrong(Exception):
    """What is wrong with a history, in the words of a person."""

    def __init__(self, japanese: str, english: str) -> None:
        super().__init__(f"{japanese} {english}")
        self.japanese, self.english = japanese, english


@attrs.frozen
class Signers:
    """Whom to believe: the keys of the log, and the witness's."""

    log: Sequence[NoteKey]
    witness: NoteKey


@attrs.frozen(kw_only=True)
class Verdict:
    """A history that holds: its numbers, what has none yet, and when its checkpoint was cosigned."""

    history: History
    size: int
    witnessed_at: int
    signers: Signers


def verify(content: bytes, *, signers: Signers | None, earlier: bytes | None = None) -> Verdict:
    """Check a history; raises `Wrong`.

    Without `signers` the keys are those that the file names itself: then it says nothing about who
    made it. `earlier` is a history that this one must continue.
    """
    history = _read(content)
    believed = signers or _named(history)
    checkpoint, witnessed_at = _check_checkpoint(history, believed)
    _check_links(history, checkpoint)
    for record in history.unnumbered:
        _check_record(record, checkpoint, "番号のない記録", "A record without a number")
    _check_first(history)
    _check_statement(history, checkpoint, believed)
    if earlier is not None:
        _check_continued(_before(earlier, believed), history, checkpoint)
    return Verdict(
        history=history, size=checkpoint.size, witnessed_at=witnessed_at, signers=believed
    )


def _before(earlier: bytes, signers: Signers) -> Verdict:
    try:
        return verify(earlier, signers=signers)
    except Wrong as wrong:
        ja, en = wrong.japanese, wrong.english
        raise Wrong(f"前の書類：{ja}", f"The earlier history: {en}") from wrong


def _read(content: bytes) -> History:
    try:
        history = msgspec.json.decode(content, type=History)
        # What stands twice or beside, or is written in another way, is no part of what was told.
        same = msgspec.json.format(content, indent=-1) == msgspec.json.encode(history)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _other_form() from error
    records = [*(one.record for one in history.links), *history.unnumbered]
    leaves = [one.leaf for one in history.links]
    leaves += [leaf for one in records for leaf in (one.leaf, *(end.leaf for end in one.ends))]
    times = [history.told_at, *(one.before_at for one in history.links)]
    times += [one.content.requested_at for one in records]
    times += [end.at for one in records for end in one.ends]
    if not same:
        raise Wrong(
            "中身は読めますが、渡されたままの書き方ではありません（ほかの道具が書き直したか、書き足されています）。"
            "もう一度受け取ってください。",
            "It can be read, but is not as it was handed out (another program wrote it, or added to it). Take it again.",
        )
    if (
        history.form != HISTORY_FORM
        or any(len(leaf.salt) != SALT_BYTES for leaf in leaves)
        or any(at is not None and at.tzinfo is not UTC for at in times)
    ):
        raise _other_form()
    return history


def _other_form() -> Wrong:
    return Wrong(
        "台帳が渡す形の書類ではありません（途中で切れたか、書き換えられています）。",
        "This is no history in the form that the ledger hands out (cut off, or changed).",
    )


def _named(history: History) -> Signers:
    try:
        log, witness = NoteKey.parse(history.keys.log), NoteKey.parse(history.keys.witness)
    except BadNote as error:
        raise Wrong("書類の公開鍵が読めません。", "A key in the file cannot be read.") from error
    return Signers([log], witness)


def _check_checkpoint(history: History, signers: Signers) -> tuple[Checkpoint, int]:
    try:
        note = Note.parse(history.checkpoint.encode())
        checkpoint = Checkpoint.parse(note.text)
        note.check([key for key in signers.log if key.name == checkpoint.origin])
    except (BadNote, UnicodeEncodeError) as error:
        raise Wrong(
            "チェックポイントに、この台帳のログの署名がありません。",
            "The checkpoint is not signed by this ledger's log.",
        ) from error
    try:
        [held] = note.check([signers.witness])
    except BadNote as error:
        raise Wrong(
            "チェックポイントに、立会人（個人情報保護委員会）の連署がありません。",
            "The checkpoint is not cosigned by the witness (oversight).",
        ) from error
    if held.at is None or held.at > LATEST:
        raise Wrong(
            "立会人がいつ連署したかが読めません。", "When the witness cosigned cannot be read."
        )
    return checkpoint, held.at


def _check_links(history: History, checkpoint: Checkpoint) -> None:
    before: ProvenLink | None = None
    for expected, link in enumerate(history.links, start=history.first):
        _check_number(link.number, expected)
        ja, en = f"{link.number}番の記録", f"Record {link.number}"
        _check_record(link.record, checkpoint, ja, en)
        _check_certain(link.record, ja, en)
        _check_leaf(
            leaf_of_link(history.chain, link),
            link.leaf,
            checkpoint,
            f"{link.number}番の番号",
            f"Number {link.number}",
        )
        _check_after(link, before, ja, en)
        if before is not None:
            _check_joined(history.chain, before, link)
        before = link
    newest = history.links[-1].number if history.links else history.first - 1
    if newest != history.last:
        raise Wrong(
            f"{newest + 1}番から{history.last}番までがありません。",
            f"The numbers from {newest + 1} to {history.last} are missing.",
        )
    if bool(history.chain) != bool(history.links) or (not history.links and history.last):
        raise Wrong("記録がすべて抜かれています。", "All records were taken out.")


def _check_number(found: int, expected: int) -> None:
    if found > expected:
        missing = f"{expected}番" if found == expected + 1 else f"{expected}番から{found - 1}番"
        numbers = f"{expected}" if found == expected + 1 else f"{expected} to {found - 1}"
        raise Wrong(f"{missing}がありません。", f"Number {numbers} is missing.")
    if found < expected:
        raise Wrong(
            f"{found}番が、{expected}番のところにあります（重複か、並べ替え）。",
            f"Number {found} stands where {expected} belongs (twice, or out of order).",
        )


def _check_record(record: ProvenRecord, checkpoint: Checkpoint, ja: str, en: str) -> None:
    if record.content.hidden or len({end.side for end in record.ends}) != len(record.ends):
        raise Wrong(f"{ja}：形が違います。", f"{en}: not of the form of a record.")
    _check_leaf(leaf_of_record(record), record.leaf, checkpoint, ja, en)
    for end in record.ends:
        side = {"requester": ("照会した側", "who asked"), "provider": ("答えた側", "who answered")}
        by, who = side[end.side]
        where = f"{ja}について{by}が述べた結果", f"{en}, what {who} said"
        _check_leaf(leaf_of_end(record, end), end.leaf, checkpoint, *where)


def _check_certain(record: ProvenRecord, ja: str, en: str) -> None:
    """Check what has to be there of a record that has a number: it and both last words, in the log."""
    sides = {end.side for end in record.ends}
    if record.content.outcome == "OK" and sides != {"requester", "provider"}:
        raise Wrong(f"{ja}：結果が抜かれています。", f"{en}: what a side said was taken out.")
    if record.leaf.place is None or any(end.leaf.place is None for end in record.ends):
        raise Wrong(
            f"{ja}：ログにありません（あとから書かれたか、書き換えられています）。",
            f"{en}: it is not in the log (written afterwards, or changed).",
        )


def _check_leaf(leaf: bytes, proven: ProvenLeaf, checkpoint: Checkpoint, ja: str, en: str) -> None:
    if proven.place is None:
        if proven.path:
            raise Wrong(f"{ja}：証明の形が違います。", f"{en}: not of the form of a proof.")
        return
    try:
        verify_inclusion(
            proven.place, checkpoint.size, leaf_hash(leaf), checkpoint.root, proven.path
        )
    except ProofBroken as error:
        raise Wrong(
            f"{ja}：公開ログにあるものと違います（内容か証明が書き換えられています）。",
            f"{en}: it is not what stands in the public log (its words or its proof were changed).",
        ) from error


def _check_after(link: ProvenLink, before: ProvenLink | None, ja: str, en: str) -> None:
    place, record = link.leaf.place, link.record
    if place is None:
        raise Wrong(f"{ja}：番号がログにありません。", f"{en}: its number is not in the log.")
    earlier = [record.leaf.place]
    if record.content.outcome == "OK":  # of a refusal a side may speak later
        earlier += [end.leaf.place for end in record.ends]
    if before is not None:
        earlier.append(before.leaf.place)
    if any(one is None or one >= place for one in earlier):
        raise Wrong(
            f"{ja}：番号が、記録そのものや前の番号より先にログに入っています。",
            f"{en}: its number came into the log before the record, or before the number before it.",
        )


def _check_joined(chain: str, before: ProvenLink, link: ProvenLink) -> None:
    same = link.before == leaf_of_link(chain, before)
    if not same or link.before_at != before.record.content.requested_at:
        raise Wrong(
            f"{link.number}番が、{before.number}番につながっていません。",
            f"Number {link.number} does not follow number {before.number}.",
        )


def _check_first(history: History) -> None:
    """Check that what comes before the first number is forgotten by age, and nothing else."""
    if not history.links:
        return
    first = history.links[0]
    if first.number == 1 and not first.before and first.before_at is None:
        return
    if first.number > 1 and first.before_at is not None and _old(first.before_at, history.told_at):
        return
    raise Wrong(
        f"{first.number}番より前の記録が、保存期間（{KEPT_YEARS}年）を過ぎていないのにありません。",
        f"What comes before number {first.number} is missing, and was not {KEPT_YEARS} years old.",
    )


def _old(at: datetime, now: datetime) -> bool:
    year = at.year + KEPT_YEARS
    if year > now.year:
        return False
    leap = (at.month, at.day) == (2, 29)  # seven years later there is none
    return (at.replace(year=year, day=28) if leap else at.replace(year=year)) <= now


_LINES: Final = (
    ("書類の種類", "the form"),
    ("鎖の名前", "the chain"),
    ("最初と最後の番号", "the first and the newest number"),
    ("最後の番号の約束", "the newest link"),
    ("渡した日時", "when it was told"),
    ("ログの大きさ", "the log's size"),
    ("ログの要約", "the log's root"),
    ("書類全体の指紋", "the digest of the whole file"),
)


def _check_statement(history: History, checkpoint: Checkpoint, signers: Signers) -> None:
    try:
        note = Note.parse(history.statement.encode())
        note.check(signers.log)
    except (BadNote, UnicodeEncodeError) as error:
        raise Wrong(
            "「これで全部です」という台帳の署名がないか、合いません。",
            "The ledger's signature that this is all is missing or does not hold.",
        ) from error
    said = note.text.removesuffix("\n").split("\n")
    expected = statement_lines(history, checkpoint)
    for (ja, en), *words in zip_longest(_LINES, expected, said, fillvalue=("形", "its form")):
        if words[0] != words[1]:
            raise Wrong(
                f"台帳が署名した{ja}と、この書類が違います。",
                f"Not what the ledger signed: {en}.",
            )


def _check_continued(earlier: Verdict, history: History, checkpoint: Checkpoint) -> None:
    """Check that nothing of an earlier history went but by age, and that it did not lie."""
    old = earlier.history
    if old.told_at > history.told_at or earlier.size > checkpoint.size:
        raise Wrong(
            "前の書類のほうが新しい日時です。", "The earlier history is the later one of the two."
        )
    if old.links and old.chain != history.chain:
        raise Wrong(
            "前の書類とは別の鎖です（台帳が番号を付け直しています）。",
            "Another chain than in the earlier history: the ledger gave all numbers anew.",
        )
    if history.last < old.last:
        raise Wrong(
            f"前の書類には{old.last}番まであったのに、{history.last}番までしかありません。",
            f"The earlier history went to number {old.last}, this one to {history.last} only.",
        )
    known = {one.number: leaf_of_link(old.chain, one) for one in old.links}
    for link in history.links:
        _check_known(link, leaf_of_link(history.chain, link), earlier, known.get(link.number))


def _check_known(link: ProvenLink, leaf: bytes, earlier: Verdict, known: bytes | None) -> None:
    if known is not None and known != leaf:
        raise Wrong(
            f"{link.number}番が、前の書類と別の記録です。",
            f"Number {link.number} is another record than in the earlier history.",
        )
    place = link.leaf.place
    if link.number > earlier.history.last and place is not None and place < earlier.size:
        raise Wrong(
            f"前の書類のとき、{link.number}番はもうログにありました。"
            "前の書類の「これで全部です」は偽りです。",
            f"Number {link.number} was in the log when the earlier history said that it was all.",
        )
