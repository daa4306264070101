"""Values that do not print: a number or a name shows itself only through `reveal()`."""

from typing import Generic, NoReturn, Self, SupportsIndex, TypeVar, final

import attrs
from typing_extensions import override

T = TypeVar("T")


@attrs.frozen(repr=False, str=False, order=False)
class Withheld(Generic[T]):
    """A value kept out of logs, errors and f-strings.

    `repr()` says only the type; `str()` and formatting raise, because a secret that is
    silently masked hides the bug that tried to print it. Nor is it pickled: a pickle is a file or a
    pipe to somewhere. Every `.reveal()` can be grepped.
    """

    _value: T

    @final
    def reveal(self) -> T:
        """Return the value. Each call site is a place that a reviewer reads."""
        return self._value

    @override
    def __repr__(self) -> str:
        return f"{type(self).__name__}(<withheld>)"

    @override
    def __str__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} does not print; call reveal() where it is lawful")

    @override
    def __format__(self, format_spec: str) -> NoReturn:
        raise TypeError(f"{type(self).__name__} does not print; call reveal() where it is lawful")

    @override
    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} is not written down; call reveal() where it is lawful"
        )

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self
