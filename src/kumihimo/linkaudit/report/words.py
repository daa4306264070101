"""The words of a report, Japanese and English: verdicts, mechanisms, attributes, levels."""

from typing import Final, Literal

from kumihimo.linkaudit.reasons import Sentence
from kumihimo.linkaudit.schema import Collision, Holder, Mechanism, Verdict

Language = Literal["ja", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("ja", "en")

VERDICTS: Final = {
    Verdict.CONFIRMED: Sentence("確認済み", "confirmed"),
    Verdict.NOTATIONAL: Sentence("表記の差", "notational"),
    Verdict.PERSON: Sentence("要確認", "needs a person"),
    Verdict.MISLINK: Sentence("誤りの疑い", "suspected mis-link"),
}
MECHANISMS: Final = {
    Mechanism.HOUSEHOLD: Sentence("同一世帯の人の番号", "a household member's number"),
    Mechanism.TWIN: Sentence("双子の番号", "a twin's number"),
    Mechanism.HOMONYM: Sentence("同姓同名・同一生年月日の人の番号", "a namesake's number"),
    Mechanism.RANDOM: Sentence("無関係の人の番号", "an unrelated person's number"),
    Mechanism.SHIFT: Sentence("行ずれ", "shifted rows"),
    Mechanism.MATCH: Sentence("本人", "the person's own"),
}
COLLISIONS: Final = {
    Collision.NUMBER: Sentence("二人の記録にある一つの番号", "one number, records of two people"),
    Collision.PERSON: Sentence("二つの番号を持つ一人", "one person, two numbers"),
    Collision.ACCOUNT: Sentence(
        "家族とみえない二人が使う一つの口座", "one account, two people who seem no family"
    ),
    Collision.FAMILY_ACCOUNT: Sentence(
        "家族とみえる二人が使う一つの口座", "one account, two people who seem a family"
    ),
}
HOLDERS: Final = {
    Holder.OWN: Sentence("本人の読み", "the person's reading"),
    Holder.READ: Sentence("氏名をそう読める", "a reading that the name can have"),
    Holder.FAMILY: Sentence(
        "姓だけが合う（家族名義）", "the surname alone fits: a family member's"
    ),
    Holder.GIVEN: Sentence(
        "名だけが合う（旧姓など）", "the given name alone fits: a former surname"
    ),
    Holder.CORPORATE: Sentence("法人", "a legal person"),
    Holder.OTHER: Sentence("どちらも合わない", "nothing fits"),
    Holder.UNTOLD: Sentence("読めない・比べる氏名がない", "cannot be read, or no name to compare"),
}
COLUMNS: Final = {
    "record_id": Sentence("記録番号", "record id"),
    "number": Sentence("個人番号", "number"),
    "name": Sentence("氏名", "name"),
    "kana": Sentence("フリガナ", "kana"),
    "birth": Sentence("生年月日", "birth date"),
    "sex": Sentence("性別", "sex"),
    "address": Sentence("住所", "address"),
    "household": Sentence("世帯番号", "household"),
    "account": Sentence("口座", "account"),
    "holder": Sentence("口座名義", "account holder"),
    "affair": Sentence("事務", "affair"),
    "others": Sentence("ほかの人", "others"),
    "former_surname": Sentence("旧氏", "former surname"),
    "former_surname_kana": Sentence("旧氏カナ", "former surname, kana"),
    "alias": Sentence("通称", "alias"),
    "alias_kana": Sentence("通称カナ", "alias, kana"),
    "kanji": Sentence("漢字併記名", "name in kanji"),
    "standing": Sentence("住民状態", "standing"),
    "attribute": Sentence("項目", "attribute"),
    "value": Sentence("値", "value"),
}
LEVELS: Final = {
    "equal": Sentence("一致", "equal"),
    "canonical": Sentence("表記の差", "notation"),
    "member": Sentence("別の登録名", "other recorded name"),
    "wildcard": Sentence("外字欠け", "lost character"),
    "weak": Sentence("似た字", "confusable"),
    "surname": Sentence("姓のみ", "surname only"),
    "given": Sentence("名のみ", "given name only"),
    "different": Sentence("不一致", "different"),
    "missing": Sentence("記載なし", "missing"),
    "part": Sentence("一部不一致", "a part differs"),
    "era": Sentence("元号のみ不一致", "era differs"),
    "turned": Sentence("月日の入れ替わり", "month and day swapped"),
    "digits": Sentence("数字の入れ替わり", "digits swapped"),
    "unknown": Sentence("一部不詳", "partly unknown"),
    "former": Sentence("前住所", "former address"),
    "with-room": Sentence("部屋まで一致", "room agrees"),
    "without-room": Sentence("番地まで一致", "lot agrees"),
    "last-number": Sentence("末尾が部屋番号なら一致", "agrees if the last number is a room"),
    "other-room": Sentence("部屋のみ不一致", "room differs"),
    "no-city": Sentence("市区町村の省略", "city left out"),
    "town": Sentence("町まで一致", "town agrees"),
    "city": Sentence("市区町村まで一致", "city agrees"),
    "prefecture": Sentence("都道府県まで一致", "prefecture agrees"),
    "nobody": Sentence("なし", "nobody"),
    "elsewhere": Sentence("別住所にいる", "elsewhere"),
    "reading": Sentence("同住所・同じ読み", "here, by reading"),
    "name": Sentence("同住所・同名", "here, by name"),
    "no-person": Sentence("番号の人がいない", "number is nobody's"),
}


def say(words: Sentence, language: Language) -> str:
    """Return the words in a language."""
    return words.ja if language == "ja" else words.en


def level(code: str | None, language: Language) -> str:
    """Return a level of agreement in words."""
    return say(LEVELS[code], language) if code in LEVELS else (code or "")
