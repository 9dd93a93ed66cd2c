"""The widgets of fields whose choices are looked up while somebody types."""

from collections.abc import Sequence
from typing import Any

from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple

from crm.database.keys import parse_id


def _keys(values: Sequence[str]) -> list[str]:
    # Django would ask the database for the others too, which fails.
    return [value for value in values if parse_id(value) is not None]


class KeySelect(AutocompleteSelect):
    """One choice; what is no key is shown as none."""

    def optgroups(self, name: str, value: Sequence[str], attr: Any = None) -> Any:
        return super().optgroups(name, _keys(value), attr)


class KeySelectMultiple(AutocompleteSelectMultiple):
    """Any number of choices; what is no key is shown as none."""

    def optgroups(self, name: str, value: Sequence[str], attr: Any = None) -> Any:
        return super().optgroups(name, _keys(value), attr)
