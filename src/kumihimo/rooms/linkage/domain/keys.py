"""The core's secret scalar for each domain, by version, and the factor between two of them.

b_i is derived from one master secret, so there is no table of keys to steal or to lose.
"""

from kumihimo.kernel.group import Scalar, derive_scalar, quotient
from kumihimo.kernel.withheld import Withheld

FACTORS_KEPT = 65_536  # 40 bytes each; past it the oldest is forgotten and derived again


class DomainKeys:
    """Derives b_i and b_to / b_from. Factors are kept, because inverting is the dear part."""

    def __init__(self, master: Withheld[bytes]) -> None:
        self._master = master
        self._factors: dict[tuple[str, int, str, int], Scalar] = {}

    def secret(self, domain: str, version: int) -> Scalar:
        """Return b_i of one domain and version."""
        return derive_scalar(self._master.reveal(), f"domain/{domain}/{version}".encode())

    def factor(self, source: str, source_version: int, target: str, target_version: int) -> Scalar:
        """Return what turns a code of `source` into the code of the same person at `target`."""
        key = (source, source_version, target, target_version)
        found = self._factors.get(key)
        if found is None:
            found = quotient(
                self.secret(target, target_version), self.secret(source, source_version)
            )
            if len(self._factors) >= FACTORS_KEPT:
                del self._factors[next(iter(self._factors))]
            self._factors[key] = found
        return found
