"""RSA keys that are drawn once for a worker: those of one card cost a third of a second.

Within one `Drawn` no key is given twice, so what one house or one test has is all different. The
next begins again with the first key.
"""

import attrs

from kumihimo.card.files import KeyType
from kumihimo.card.holding import HolderKeys, draw_rsa

_KEYS = []


class Drawn:
    def __init__(self):
        self.given = 0

    def rsa(self):
        self.given += 1
        while len(_KEYS) < self.given:
            _KEYS.append(draw_rsa())
        return _KEYS[self.given - 1]

    def of_kind(self, kind):
        """Draw as a chip does."""
        assert kind is KeyType.RSA_2048, "only RSA takes so long that it is kept"
        return self.rsa()

    def holder(self):
        """Draw as the maker of cards does."""
        return HolderKeys(**{field.name: self.rsa() for field in attrs.fields(HolderKeys)})
