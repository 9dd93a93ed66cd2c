"""The widgets of fields whose choices are looked up while somebody types."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple

from crm.database.keys import parse_id


def _keys(values: Sequence[str]) -> list[str]:
    # Django would ask the database for the others too, which fails.
    return [value for value in values if parse_id(value) is not None]


class Named:
    """Mixin: has the box that shows the choices named by the label of the field."""

    @property
    def media(self) -> forms.Media:
        # Named together, so that it stays behind the scripts of Django, which make the boxes.
        order = ["admin/js/jquery.init.js", "admin/js/autocomplete.js", "crm/named_choices.js"]
        scripts: forms.Media = super().media + forms.Media(js=order)  # type: ignore[misc]  # of a widget
        return scripts


class KeySelect(Named, AutocompleteSelect):
    """One choice; what is no key is shown as none."""

    def optgroups(self, name: str, value: Sequence[str], attr: Any = None) -> Any:
        return super().optgroups(name, _keys(value), attr)


class KeySelectMultiple(Named, AutocompleteSelectMultiple):
    """Any number of choices; what is no key is shown as none."""

    def build_attrs(self, base_attrs: Any, extra_attrs: Any = None) -> dict[str, Any]:
        # Each choice has a button that removes it; that for all would be in their list, and no item of it.
        return {**super().build_attrs(base_attrs, extra_attrs), "data-allow-clear": "false"}

    def optgroups(self, name: str, value: Sequence[str], attr: Any = None) -> Any:
        return super().optgroups(name, _keys(value), attr)
