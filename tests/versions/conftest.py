"""Staff members in a browser, for the doors of the admin."""

from tests.admin.conftest import signed_in

__all__ = ["signed_in"]
