"""A form field for lists of texts."""

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget


class LinesField(forms.Field):
    """A list of texts, one per line."""

    widget = AdminTextareaWidget(attrs={"rows": 5})

    def prepare_value(self, value: object) -> object:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: str | None) -> list[str]:
        return [line.strip() for line in (value or "").splitlines() if line.strip()]

    def has_changed(self, initial: list[str] | None, data: str | None) -> bool:
        # Browsers send other line ends than the stored ones.
        return self.to_python(data) != (initial or [])
