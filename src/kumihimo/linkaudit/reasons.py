"""Why a record has its verdict: one code, one sentence of Japanese and one of English each."""

from enum import StrEnum, unique
from typing import Final

import attrs


@unique
class Reason(StrEnum):
    """The reasons of all verdicts."""

    AGREE = "agree"
    NOTATION = "notation"
    MEMBER = "member"
    LOST = "lost"
    READING = "reading"
    NO_SEX = "no-sex"
    FORMER_ADDRESS = "former-address"
    MOVED = "moved"
    NO_ADDRESS = "no-address"
    RENAMED = "renamed"
    NAMESAKE = "namesake"
    NAMESAKE_HERE = "namesake-here"
    NAMESAKE_UNTOLD = "namesake-untold"
    BIRTH = "birth"
    BIRTH_ERA = "birth-era"
    BIRTH_SWAPPED = "birth-swapped"
    BIRTH_UNKNOWN = "birth-unknown"
    BIRTH_MISSING = "birth-missing"
    SEX = "sex"
    CONFUSABLE = "confusable"
    NAME = "name"
    SURNAME = "surname"
    GIVEN = "given"
    NAME_MISSING = "name-missing"
    SEVERAL = "several"
    CONTESTED = "contested"
    OTHER_MEMBER = "other-member"
    TWIN = "twin"
    HOMONYM = "homonym"
    SOMEBODY_ELSE = "somebody-else"
    SHIFT = "shift"
    NOBODYS = "nobodys"
    UNLIKELY = "unlikely"


@attrs.frozen
class Sentence:
    """One reason in both languages."""

    ja: str
    en: str


SENTENCES: Final = {
    Reason.AGREE: Sentence(
        "氏名・生年月日・性別・住所が記載どおり一致します。",
        "Name, birth date, sex and address agree as written.",
    ),
    Reason.NOTATION: Sentence(
        "表記の差を除き、すべて一致します。", "All agrees but for ways of writing."
    ),
    Reason.MEMBER: Sentence(
        "旧氏・通称など、登録されている別の氏名と一致します。",
        "The name is another that the register records of the person.",
    ),
    Reason.LOST: Sentence(
        "外字の欠け（●など）を除いて氏名が一致し、読みも一致します。",
        "The name agrees but for lost characters, and the reading agrees.",
    ),
    Reason.READING: Sentence(
        "読みは異なりますが、漢字氏名・生年月日・性別・住所が一致します。",
        "The reading differs; name, birth date, sex and address agree.",
    ),
    Reason.NO_SEX: Sentence(
        "性別の記載がなく、ほかはすべて一致します。", "No sex is recorded; all else agrees."
    ),
    Reason.FORMER_ADDRESS: Sentence(
        "住所は登録上の前住所と一致します。", "The address is one that the register held before."
    ),
    Reason.MOVED: Sentence(
        "住所は異なりますが、同姓同名・同一生年月日の人はほかに登録がありません。",
        "The address differs, and nobody else has this name or reading and birth date.",
    ),
    Reason.NO_ADDRESS: Sentence(
        "住所の記載がありませんが、同姓同名・同一生年月日の人はほかに登録がありません。",
        "No address is recorded, and nobody else has this name or reading and birth date.",
    ),
    Reason.RENAMED: Sentence(
        "姓は異なりますが、名・生年月日・性別・住所が一致し、その住所に同じ生年月日の人はほかにいません。",
        "The surname differs; given name, birth date, sex and address agree, and nobody else of "
        "this birth date lives there.",
    ),
    Reason.NAMESAKE: Sentence(
        "住所が異なり、同姓同名（または同じ読み）・同一生年月日の人がほかにいます。",
        "The address differs, and another person has this name or reading and birth date.",
    ),
    Reason.NAMESAKE_HERE: Sentence(
        "同じ住所に、同姓同名（または同じ読み）・同一生年月日の人がいます。",
        "Another person of this name or reading and birth date lives at the same address.",
    ),
    Reason.NAMESAKE_UNTOLD: Sentence(
        "同じ読み・同一生年月日の人がほかにいないと、住民登録側への照会だけでは確かめられません。",
        "What the register answers does not rule out another person of this reading and birth date.",
    ),
    Reason.BIRTH: Sentence("生年月日が異なります。", "The birth date differs."),
    Reason.BIRTH_ERA: Sentence(
        "生年月日は、元号だけが異なります。", "Only the era of the birth date differs."
    ),
    Reason.BIRTH_SWAPPED: Sentence(
        "生年月日の数字が入れ替わっています。", "Digits of the birth date have changed places."
    ),
    Reason.BIRTH_UNKNOWN: Sentence(
        "生年月日の一部が不詳です。", "A part of the birth date is unknown."
    ),
    Reason.BIRTH_MISSING: Sentence("生年月日の記載がありません。", "No birth date is recorded."),
    Reason.SEX: Sentence("性別が異なります。", "The sex differs."),
    Reason.CONFUSABLE: Sentence(
        "氏名は紛らわしい字を同じとみたときだけ一致します。",
        "The name agrees only if confusable characters count as one.",
    ),
    Reason.NAME: Sentence("氏名が異なります。", "The name differs."),
    Reason.SURNAME: Sentence("名は一致し、姓が異なります。", "Only the surname differs."),
    Reason.GIVEN: Sentence("姓は一致し、名が異なります。", "Only the given name differs."),
    Reason.NAME_MISSING: Sentence(
        "氏名の記載がないか、読める文字がありません。",
        "No name is recorded, or no character of it can be read.",
    ),
    Reason.SEVERAL: Sentence(
        "複数の項目が確認できません。", "More than one attribute cannot be settled."
    ),
    Reason.CONTESTED: Sentence(
        "ほかにも同じ程度に一致する人がいます。", "Another person fits as well."
    ),
    Reason.OTHER_MEMBER: Sentence(
        "同じ世帯の別の人のほうが一致します。", "Another member of the household fits instead."
    ),
    Reason.TWIN: Sentence(
        "同じ住所・同じ生年月日の別の人（双子など）のほうが一致します。",
        "Another person of the same birth date at the same address, as a twin, fits instead.",
    ),
    Reason.HOMONYM: Sentence(
        "同姓同名（または同じ読み）・同一生年月日の別の人のほうが一致します。",
        "Another person of the same name or reading and birth date fits instead.",
    ),
    Reason.SOMEBODY_ELSE: Sentence(
        "まったく別の人のほうが一致します。", "A person unrelated to the linked one fits instead."
    ),
    Reason.SHIFT: Sentence(
        "前後の記録と番号がずれています（行ずれ）。",
        "The record carries its neighbour's number: the rows have shifted.",
    ),
    Reason.NOBODYS: Sentence(
        "この番号の人は登録されていません。", "The register holds nobody of this number."
    ),
    Reason.UNLIKELY: Sentence(
        "本人とは考えにくい一致のしかたです。", "What agrees makes the person unlikely."
    ),
}
