"""Sex as registers code it. Unknown counts as not supplied."""

from enum import Enum
from typing import Final, Self

from kumihimo.kernel.refusal import BadInput
from kumihimo.people.text import compatible, without_spaces

_CHARS_MAX: Final = 16  # our choice: four times the longest word


class BadSex(BadInput):
    """Not one of the codes or words that offices use."""

    code = "bad-sex"
    title = "The sex is not one of those that registers write"


class Sex(Enum):
    """性別. Withheld in print by its name only: the value is a code."""

    MALE = "1"
    FEMALE = "2"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read 1/2, 男/女, M/F; None for 0, 3, 9, 不明, その他 or an empty text. Raises `BadSex`.

        3 and その他 say a sex that the register does not know: it can be compared with none.
        """
        plain = without_spaces(compatible(text)).upper() if len(text) <= _CHARS_MAX else text
        found = _WORDS.get(plain)
        if found is None:
            raise BadSex("sex: 1, 2, 男, 女, M, F, or 0, 3, 9, 不明 where none is told")
        return cls(found) if found else None


_WORDS = {
    **dict.fromkeys(("1", "男", "男性", "M"), "1"),
    **dict.fromkeys(("2", "女", "女性", "F"), "2"),
    **dict.fromkeys(("", "0", "3", "9", "不明", "不詳", "その他"), ""),
}
