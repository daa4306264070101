"""`kumihimo witness`: anybody watches the log, from a state of her own, and signs what she saw."""

import asyncio
from pathlib import Path

import httpx2
from cyclopts import App

from kumihimo.kernel.clock import Clock, SystemClock
from kumihimo.kernel.files import open_regular, write_new
from kumihimo.kernel.keys import KeyFileUnsafe, PartyKeys, load_master
from kumihimo.kernel.refusal import BadInput, Conflict, Unavailable
from kumihimo.kernel.tlog.checkpoint import Checkpoint
from kumihimo.kernel.tlog.note import NOTE_BYTES_MAX, BadNote, Kind, Note, NoteKey, NoteSigner
from kumihimo.kernel.tlog.watching import Read, continued, newest
from kumihimo.kernel.tlog.witnessing import NotConsistent, NotWitnessed, Seen

FETCH_TIMEOUT_S = 10.0
ANSWER_BYTES_MAX = NOTE_BYTES_MAX
_OK = 200
EVERY_S_MIN, EVERY_S_MAX = 1, 86_400

app = App(
    name="witness",
    help="台帳の公開ログの立会人になる。 Watch the public log as a witness of your own.",
)


@app.default
def witness(
    log: str, *, log_key: str, name: str, key: Path, out: Path, every: int | None = None
) -> None:
    """公開ログが書き換えられていないことを確かめ、連署する。 Check that the log only grew, and cosign.

    The state file is the newest checkpoint that continues what you saw before, cosigned by you:
    give it to whoever believes you. Where the log shows another history than before, both stand in
    a file beside it, signed by the log: that is the proof.

    Parameters
    ----------
    log
        台帳のアドレス。 The ledger's address, such as https://ledger.example.
    log_key
        ログの公開鍵。 The log's public key (vkey), as `kumihimo ledger log-key` prints it.
    name
        立会人としての名前。 Your name as a witness, such as example.org/witness.
    key
        鍵ファイル。 Your key file, from `kumihimo keys new`.
    out
        状態ファイル。 Where what you saw last stands; it is made if there is none.
    every
        繰り返しの間隔（秒）。 Look again after so many seconds, until stopped; without it, once.
    """
    watching = _Watching(log, _log_key(log_key), _signer(name, key), out)
    if every is not None and not EVERY_S_MIN <= every <= EVERY_S_MAX:
        raise BadInput(f"{EVERY_S_MIN} to {EVERY_S_MAX} seconds", pointer="every")
    print(f"{watching.signer.key.vkey()}: 立会人の公開鍵。 Your public key as a witness.")
    asyncio.run(watching.run(every))


class _Watching:
    def __init__(self, log: str, log_key: NoteKey, signer: NoteSigner, state: Path) -> None:
        self.log, self.log_key, self.signer, self.state = log, log_key, signer, state
        self.clock: Clock = SystemClock()

    async def run(self, every: int | None) -> None:
        client = httpx2.AsyncClient(timeout=FETCH_TIMEOUT_S, trust_env=False)
        async with client:
            read = _reader(client, self.log)
            while True:
                try:
                    await self.look(read)
                except Unavailable as error:
                    if every is None:
                        raise
                    print(f"{error.detail}", flush=True)
                if every is None:
                    return
                await asyncio.sleep(every)

    async def look(self, read: Read) -> None:
        """Look once; what was seen is on the disk before anybody is told that it was cosigned."""
        before = _read_state(self.state, [self.log_key])
        seen = None if before is None else _seen(before)
        try:
            note = await newest(read, [self.log_key])
        except NotWitnessed as error:
            raise BadInput(f"{self.log}: {error}", pointer="log") from error
        try:
            checkpoint = await continued(read, note, [self.log_key], seen)
        except NotWitnessed as error:
            if before is None or not isinstance(error, NotConsistent):
                raise BadInput(f"{self.log}: {error}", pointer="log") from error
            raise Conflict(self._keep_both(before, note)) from error
        signature = self.signer.sign(note.text, at=int(self.clock.now().timestamp()))
        write_new(self.state, Note(note.text, (*note.signatures, signature)).encode())
        print(
            f"{self.state}: {checkpoint.size} 件まで、前に見たものの続きです。"
            f" {checkpoint.size} entries, which continue what was seen before.",
            flush=True,
        )

    def _keep_both(self, before: Note, shown: Note) -> str:
        proof = self.state.with_suffix(".two-histories")
        write_new(proof, before.encode() + b"\n" + shown.encode())
        return (
            f"{proof}: ログが前と違う歴史を示しました。両方の署名付きチェックポイントを残しました。"
            " The log shows another history than before; both checkpoints are kept, signed by it"
        )


def _reader(client: httpx2.AsyncClient, log: str) -> Read:
    async def read(path: str) -> bytes:
        try:
            answer = await client.get(f"{log.rstrip('/')}/log/{path}")
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            raise Unavailable(f"{log}: the log does not answer") from error
        if answer.status_code != _OK or len(answer.content) > ANSWER_BYTES_MAX:
            raise Unavailable(f"{log}: no log answers here")
        return answer.content

    return read


def _log_key(text: str) -> NoteKey:
    try:
        found = NoteKey.parse(text)
    except BadNote as error:
        raise BadInput(f"--log-key: {error}", pointer="log_key") from None
    if found.kind is not Kind.TEXT:
        raise BadInput("--log-key: a witness's key, not a log's", pointer="log_key")
    return found


def _signer(name: str, file: Path) -> NoteSigner:
    try:
        signer = NoteSigner(name, Kind.COSIGNATURE, PartyKeys(name, load_master(file)).signing)
        signer.key.vkey()
    except KeyFileUnsafe as error:
        raise BadInput(str(error), pointer="key") from None
    except (BadNote, UnicodeEncodeError):
        raise BadInput("--name: a name without spaces and plus", pointer="name") from None
    return signer


def _read_state(path: Path, keys: list[NoteKey]) -> Note | None:
    try:
        with open_regular(path) as file:
            content = file.read(NOTE_BYTES_MAX + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}", pointer="out") from error
    try:
        note = Note.parse(content)
        note.check(keys)
        _seen(note)
    except BadNote as error:
        raise BadInput(f"{path}: not a checkpoint of this log: {error}", pointer="out") from error
    return note


def _seen(note: Note) -> Seen:
    checkpoint = Checkpoint.parse(note.text)
    return Seen(checkpoint.size, checkpoint.root)
