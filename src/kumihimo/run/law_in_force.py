"""The positive list that a room holds while it runs."""

from pathlib import Path

import attrs

from kumihimo.statute.deployment import Deployment, load_deployment
from kumihimo.statute.positive_list import PositiveList


@attrs.frozen
class ListInForce:
    """The positive list that a room holds."""

    positive_list: PositiveList

    def current(self) -> PositiveList:
        """Return it."""
        return self.positive_list


def law_of(path: Path, named: str) -> ListInForce:
    """Return the list for the institutions of a deployment, named beside the settings file."""
    deployment = load_deployment(path.parent / named) if named else Deployment()
    return ListInForce(deployment.positive_list())
