"""What a refusal means for who sits at the desk: what happened and what comes next."""

from typing import Final

from kumihimo.kernel.refusal import Refusal
from kumihimo.pages.engine import Language
from kumihimo.pages.forms import Problem, Said

_TOLD: Final[dict[str, Said]] = {
    "not-authentic": (
        "職員コードまたは暗証が違うか、画面が古くなっています。",
        "The officer or the passcode is wrong, or the page is an old one.",
        "もう一度やり直してください。", "Try again.",
    ),
    "too-many": (
        "続けて誤ったため、使えません。", "Too many wrong passcodes.",
        "30分たつと、また試せます。", "After half an hour you may try again.",
    ),
    "not-your-item": (
        "この記録は、もうあなたの手元にありません。", "This record is not in your hands any more.",
        "時間が過ぎたか、内容が変わりました。次の記録に進んでください。",
        "Its time was over, or it was changed. Take the next one.",
    ),
    "too-late-to-take-back": (
        "この回答は、もう取り消せません。", "This answer can no longer be taken back.",
        "ほかの人が見はじめたか、決定しました。誤りなら管理者に伝えてください。",
        "Somebody has begun to look, or it is decided. Tell the supervisor if it was wrong.",
    ),
    "role-needed": (
        "あなたの役割では、この画面は開けません。", "Your role does not open this page.", "", "",
    ),
    "number-needed": (
        "この番号は使えません。", "This number cannot be used.",
        "12桁と、いまの番号と違うことを確かめてください。",
        "Check the twelve digits, and that it is not the one that is linked now.",
    ),
    "bad-input": (
        "選ばれていないところがあります。", "Something was not chosen.", "", "",
    ),
    "not-found": (
        "見つかりません。", "There is no such thing.", "", "",
    ),
    "unavailable": (
        "データベースが答えません。", "The database does not answer.",
        "少し待ってから、もう一度押してください。", "Wait a little, then try again.",
    ),
}  # fmt: skip
_BUG: Final = ("この処理はできませんでした。", "The desk could not do this.", "", "")


def told(refusal: Refusal, language: Language) -> Problem:
    """Return what the page says of a refusal. No text of the refusal itself is shown."""
    field = refusal.pointer if refusal.pointer.isidentifier() else ""
    said = _TOLD.get(refusal.code, _BUG)
    return Problem.said(refusal.code, said, language, field=field)


def told_otherwise(status: int, language: Language) -> Problem:
    """Return what the page says of what is no refusal of ours."""
    return Problem.said(f"http-{status}", _BUG, language)
