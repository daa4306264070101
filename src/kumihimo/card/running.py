"""A chip under power: what is selected, what was proved since, and how to find things.

Security states belong to the application that is selected: selecting another one, a reset and
power-off take them away. Counters and contents are in the memory and outlive all of that.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_private_key

from kumihimo.card import apdu
from kumihimo.card.apdu import Declined
from kumihimo.card.files import Application, Card, Entry, Key, KeyType, Opens, Role, State
from kumihimo.card.memory import Memory, slot
from kumihimo.card.switches import Switches
from kumihimo.kernel.entropy import Entropy

if TYPE_CHECKING:
    from kumihimo.card.secure import SecureSession

PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey
Draw = Callable[[KeyType], PrivateKey]
_Wanted = TypeVar("_Wanted", bound=Entry)

_FROM_SFI = 0x80
_SFI_MAX = 0x1E


class Running:
    """The state of one chip between power-on and power-off."""

    def __init__(
        self, card: Card, memory: Memory, *, entropy: Entropy, switches: Switches, draw: Draw
    ) -> None:
        self.card = card
        self.memory = memory
        self.entropy = entropy
        self.switches = switches
        self.draw = draw
        self.application: Application | None = None
        self.current: int | None = None
        self.states: set[State] = set()
        self.challenge: bytes | None = None
        self.half_certificate = b""
        self.offered: tuple[Role, RSAPublicKey] | None = None
        self.secure: SecureSession | None = None
        self._keys: dict[str, tuple[bytes, PrivateKey]] = {}

    def forget(self) -> None:
        """Lose what power or another application takes away."""
        self.current = None
        self.states.clear()
        self.challenge = None
        self.half_certificate = b""
        self.offered = None
        self.secure = None

    def select(self, application: Application | None) -> None:
        """Make an application current, or none."""
        survives = (
            application is not None
            and application is self.application
            and not self.switches.reselect_clears_pin
        )
        states = set(self.states) if survives else set[State]()
        self.forget()
        self.states = states
        self.application = application

    def entry(self, fid: int) -> Entry | None:
        """Return what has this id in the current application, if it is there."""
        if self.application is None:
            return None
        return self.application.entries.get(fid)

    def exists(self, fid: int) -> bool:
        """Say whether this id can be selected: a card without a sign key has no EF for it."""
        from_card = self.entry(fid)
        return from_card is not None and self.holds(from_card)

    def holds(self, entry: Entry) -> bool:
        """Say whether an entry is on this chip and not only in its profile."""
        return not isinstance(entry, Key) or self.read_slot(entry.fid) is not None

    def open_to(self, opens: Opens) -> bool:
        """Say whether the states of now open something."""
        return opens is None or not self.states.isdisjoint(opens)

    def by_reference(self, p2: int, wanted: type[_Wanted]) -> _Wanted:
        """Return what P2 means: 80 the current file, 80|SFI another, which becomes current.

        Raises `Declined` when there is none, or it is of another kind.
        """
        sfi = p2 ^ _FROM_SFI
        if not 0 <= sfi <= _SFI_MAX:
            raise Declined(apdu.WRONG_PARAMETERS)
        if sfi:
            if not self.exists(sfi):
                raise Declined(apdu.NO_REFERENCE)
            self.current = sfi
        entry = None if self.current is None else self.entry(self.current)
        if entry is None:
            raise Declined(apdu.NO_CURRENT_FILE)
        if not isinstance(entry, wanted):
            raise Declined(apdu.WRONG_FILE_TYPE)
        return entry

    def slot(self, fid: int) -> str:
        """Return the slot of an id of the current application."""
        assert self.application is not None, "an entry was found, so something is selected"
        return slot(self.application.name, fid)

    def read_slot(self, fid: int) -> bytes | None:
        """Return what the memory holds for an id of the current application."""
        return self.memory.read(self.slot(fid))

    def private_key(self, name: str) -> PrivateKey:
        """Return a private key; parsed once and kept while the memory holds the same bytes."""
        stored = self.memory.read(name)
        if stored is None:
            raise Declined(apdu.NO_REFERENCE)
        known = self._keys.get(name)
        if known is not None and known[0] == stored:
            return known[1]
        # We wrote it, and a card's file that somebody else wrote does not open (`keeping`): that the
        # primes are prime need not be proved at every power-on, which takes longer than to sign.
        key = load_der_private_key(stored, password=None, unsafe_skip_rsa_key_validation=True)
        assert isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey), "we wrote it"
        self._keys[name] = (stored, key)
        return key
