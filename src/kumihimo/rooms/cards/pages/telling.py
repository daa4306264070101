"""What a refusal means for the officer: what happened and what comes next, in both languages."""

from typing import Final

import attrs

from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import Refusal
from kumihimo.pages.engine import Language


@attrs.frozen
class Problem:
    """What the page says above the form."""

    code: str
    text: str
    next: str = ""
    field: str = ""


# code: what happened (Japanese, English), what comes next (Japanese, English)
_TOLD: Final[dict[str, tuple[str, str, str, str]]] = {
    "no-card": (
        "カードがリーダーにありません。", "There is no card in the reader.",
        "カードを置いてから、もう一度押してください。", "Put the card on the reader and try again.",
    ),
    "not-authentic": (
        "氏名コードまたは暗証が違います。", "The officer or the passcode is wrong.", "", "",
    ),
    "too-many": (
        "続けて誤ったため、この端末では使えません。", "Too many wrong passcodes at this terminal.",
        "管理者に連絡してください。", "Ask the administrator.",
    ),
    "unavailable": (
        "センターにつながりません。", "The centre does not answer.",
        "途中の処理は「途中の処理」から続けられます。", "Go on later under “Unfinished acts”.",
    ),
    "not-found": (
        "この番号と4情報の方は見つかりません。", "Nobody has this number and these attributes.",
        "書かれたとおりか確かめてください。", "Compare with what is written.",
    ),
    "unknown-application": (
        "この自治体の申請ではありません。", "This is no application of this municipality.", "", "",
    ),
    "unknown-card": (
        "この自治体のカードではありません。", "This is no card of this municipality.", "", "",
    ),
    "wrong-chip": (
        "このカードは、この方のものではありません。", "The chip is not the one made for this person.",
        "交付せず、通知書とカードを確かめてください。", "Hand nothing over; compare paper and card.",
    ),
    "wrong-pin": (
        "暗証番号が違います。", "The PIN is wrong.", "", "",
    ),
    "pin-blocked": (
        "暗証番号がロックされています。", "The PIN is blocked.",
        "暗証番号の再設定をしてください。", "Reset the PIN.",
    ),
    "bad-pin": (
        "暗証番号の形が違います。", "The PIN does not have the right form.",
        "数字4桁、署名用は英数字6〜16文字（英字と数字の両方）です。",
        "Four digits; for signing 6 to 16 letters and digits, both kinds.",
    ),
    "look-twice": (
        "同じ氏名・生年月日の別の方がいます。", "Somebody else has this name and birth date.",
        "住所を確かめて、確認欄に印を付けてください。", "Compare the address, then tick the box.",
    ),
    "proxy-not-accepted": (
        "この方には交付できません。", "The card cannot be given to this visitor.",
        "来庁者・代理の理由・書類を確かめてください。", "Check who is there, the reason and the papers.",
    ),
    "second-officer-needed": (
        "もう一人の職員の確認が要ります。", "A second officer has to confirm.", "", "",
    ),
    "photo-not-bound": (
        "この申請に結び付いた写真がありません。", "No photo is bound to this application.", "", "",
    ),
    "photo-bound-elsewhere": (
        "この写真は別の申請のものです。", "This photo belongs to another application.",
        "本人を撮り直してください。", "Take a new photo of the applicant.",
    ),
    "session-over": (
        "時間が過ぎたため、処理は取り消されました。", "The time is over; nothing was done.",
        "はじめからやり直してください。", "Begin again.",
    ),
    "wrong-state": (
        "このカードには、今この処理はできません。", "This cannot be done with this card now.", "", "",
    ),
    "not-eligible": (
        "条件を満たしていません。", "The conditions are not met.", "", "",
    ),
    "too-late": ("期限を過ぎています。", "The time for this is over.", "", ""),
    "card-declined": (
        "カードが応答しません。", "The card does not answer as expected.",
        "置き直して、「途中の処理」から続けてください。", "Place it again; go on under “Unfinished acts”.",
    ),
}  # fmt: skip
_ELSE: Final = ("できませんでした。", "This was refused.", "", "")
# The fields of the pages whose names differ from those of the messages.
_FIELDS: Final = {"sign": "pin-sign", "auth": "pin-auth", "register": "pin-register"}
_FIELDS_TEXT: Final = {"text": "pin-text"}


def told(refusal: Refusal, language: Language) -> Problem:
    """Return what to tell the officer of a refusal. It says nothing about a person."""
    code = refusal.reason if isinstance(refusal, Refused) else refusal.code
    japanese, english, then, after = _TOLD.get(code, _ELSE)
    pointer = refusal.pointer or (refusal.remote.pointer if isinstance(refusal, Refused) else "")
    field = (_FIELDS | _FIELDS_TEXT).get(pointer, "")
    if language == "ja":
        return Problem(code, japanese, then, field)
    detail = refusal.detail if code not in _TOLD else ""
    return Problem(code, f"{english} {detail}".strip(), after, field)
