from tests.federation.conftest import in_town, on_street

__all__ = ["in_town", "on_street"]
