"""What a refusal means for the officer: what happened and what comes next, in both languages."""

from typing import Final

from kumihimo.card.terminal import WrongPin
from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import Refusal
from kumihimo.pages.engine import Language
from kumihimo.pages.forms import Problem, Said

_TOLD: Final[dict[str, Said]] = {
    "no-card": (
        "カードがリーダーにありません。", "There is no card in the reader.",
        "カードを置いてから、もう一度押してください。", "Put the card on the reader and try again.",
    ),
    "no-reader": (
        "カードリーダーを使えません。", "The card reader cannot be used.",
        "接続と PC/SC サービスを確かめてください。", "Look at its cable and at the PC/SC service.",
    ),
    "two-cards": (
        "リーダーにカードが2枚以上あります。", "There is more than one card in the reader.",
        "1枚だけ置いてください。", "Leave only one there.",
    ),
    "card-in-use": (
        "ほかのプログラムか画面がカードを使っています。", "Another program or page uses the card.",
        "終わるのを待って、もう一度押してください。", "Wait for it to end, then try again.",
    ),
    "other-card": (
        "リーダーのカードが、画面に出ているカードと違います。",
        "Another card is in the reader than this page showed.",
        "画面のカードを確かめて、はじめからやり直してください。", "Look at the card shown now; begin again.",
    ),
    "bad-card-file": (
        "このカードのファイルは開けません。", "The card's file cannot be opened.",
        "合言葉とファイルを確かめてください。", "Check the passphrase and the file.",
    ),
    "not-authentic": (
        "氏名コードまたは暗証が違います。", "The officer or the passcode is wrong.", "", "",
    ),
    "too-many": (
        "続けて誤ったため、この端末では使えません。", "Too many wrong passcodes at this terminal.",
        "30分たつと、また試せます。", "After half an hour you may try again.",
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
    "pins-differ": (
        "暗証番号の2回の入力が違います。", "The PIN was typed differently the second time.",
        "本人に、同じものを2回入力してもらってください。", "Have the holder type the same one twice.",
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
    "bad-input": (
        "書き方が違うか、選ばれていないところがあります。", "Something is missing or not well written.",
        "", "",
    ),
    "bad-number": (
        "個人番号の形が違います。", "The individual number is not well formed.",
        "12桁を確かめてください。", "Compare the twelve digits.",
    ),
    "wrong-number-space": (
        "この番号は、この環境では使えません。", "Numbers of this kind are not taken here.", "", "",
    ),
    "bad-birth-date": (
        "生年月日を読めません。", "The birth date is not a date.",
        "例：1990-04-01、平成2年4月1日", "Such as 1990-04-01.",
    ),
    "bad-application": (
        "申請に足りないところ、合わないところがあります。", "The application lacks or contradicts something.",
        "15歳未満と成年被後見人は法定代理人が要ります。特急発行は理由とその日を選びます。",
        ("Under fifteen or under guardianship a legal representative applies; express issue needs"
        " its reason and the day."),
    ),
    "bad-application-id": (
        "申請書IDが違います。", "This is no application id.",
        "23桁を通知書から読み取り直してください。", "Read the 23 digits from the notice again.",
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
        "このカードには、今この処理はできません。", "This cannot be done with this card now.",
        "カードの状態と、途中の処理がないかを確かめてください。",
        "Look at the state of the card and at what is unfinished.",
    ),
    "not-eligible": (
        "条件を満たしていません。", "The conditions are not met.",
        "今あるカード・受け取り方・期間（更新は3か月前から）を確かめてください。紛失は先に一時停止します。",
        ("Look at the card before, the way of receiving, the time (renewal: three months before);"
        " a lost card is stopped first."),
    ),
    "too-late": (
        "期限を過ぎているか、まだその日ではありません。", "The time for this is over, or has not come.",
        "", "",
    ),
    "card-gone": (
        "処理の途中でカードが離れました。", "The card was taken away in the middle.",
        "カードを戻し、同じ処理をもう一度行ってください。やめるときは「途中の処理」へ。",
        "Put it back and do the same again; to stop, go to “Unfinished acts”.",
    ),
    "card-declined": (
        "カードが応答しません。", "The card does not answer as expected.",
        "置き直して、「途中の処理」から続けてください。", "Place it again; go on under “Unfinished acts”.",
    ),
}  # fmt: skip
_ELSE: Final[Said] = ("できませんでした。", "This was refused.", "", "")
# Where on the page a field of the messages stands; the others have their own names there.
_PLACES: Final = {
    "sign": "pin-sign",
    "auth": "pin-auth",
    "register": "pin-register",
    "text": "pin-text",
    "pins": "kinds-1",
    "papers": "papers-1",
    "holder_papers": "papers-1",
    "agent.papers": "agent_papers-1",
    "agent.reason": "reason",
    "holder_present": "present-1",
    "step": "step-1",
    "kind": "kind-1",
    "wanted": "wanted-1",
    "handover": "handover-1",
}
_ITSELF: Final = frozenset(
    {
        "number", "name", "birth", "sex", "address", "form", "photo", "agent", "express", "event_on",
        "stay_until", "leaves_on", "second_officer", "replaces",
    }
)  # fmt: skip
_OF_CODE: Final = {
    "wrong-pin": "text_pin", "pin-blocked": "text_pin", "bad-number": "number",
    "bad-birth-date": "birth", "bad-application-id": "form",
}  # fmt: skip


def told(refusal: Refusal, language: Language) -> Problem:
    """Return what to tell the officer of a refusal. It says nothing about a person."""
    code = refusal.reason if isinstance(refusal, Refused) else refusal.code
    happened, english, then, after = _TOLD.get(code, _ELSE)
    pointer = refusal.pointer or (refusal.remote.pointer if isinstance(refusal, Refused) else "")
    field = _PLACES.get(pointer, pointer if pointer in _ITSELF else _OF_CODE.get(code, ""))
    if isinstance(refusal, WrongPin):
        then, after = f"あと{refusal.left}回です。", f"Tries left: {refusal.left}."
    if code not in _TOLD:
        english = f"{english} {refusal.detail}".strip()
    return Problem.said(code, (happened, english, then, after), language, field=field)


_OTHERWISE: Final[dict[int, Said]] = {
    404: ("ページがありません。", "There is no such page.", "", ""),
    413: (
        "送られたものが大きすぎます。", "Too large.", "写真は 1 MB までです。", "A photo has 1 MB at most.",
    ),
    500: (
        "プログラムの誤りです。", "A fault of the program.",
        "処理は「途中の処理」で確かめてください。", "See “Unfinished acts” for what was begun.",
    ),
}  # fmt: skip


def told_otherwise(status: int, language: Language) -> Problem:
    """Return what to tell the officer of what HTTP itself refuses, and of a bug."""
    return Problem.said(f"http-{status}", _OTHERWISE.get(status, _ELSE), language)
