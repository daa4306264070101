"""What a deployment adds to the law's own tables: institutions of its own, further entries."""

from pathlib import Path

import msgspec

from kumihimo.kernel.refusal import BadInput
from kumihimo.statute.law import Institution, build_list, old_entries, self_information
from kumihimo.statute.positive_list import Entry, PositiveList


class Named(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An institution that the law's tables do not name, with the classes that entries name."""

    institution: str
    name: str
    classes: tuple[str, ...] = ()


class Deployment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A deployment's file (JSON)."""

    institutions: tuple[Named, ...] = ()
    entries: tuple[Entry, ...] = ()

    def positive_list(self) -> PositiveList:
        """Return the law's list with what this deployment adds."""
        more = [Institution(one.institution, one.name, one.classes) for one in self.institutions]
        return build_list(more, (*old_entries(), self_information(), *self.entries))


def load_deployment(path: Path) -> Deployment:
    """Read a deployment's file. Raises `BadInput` with file, place and reason."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Deployment)
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: not a deployment's JSON: {error}") from error
