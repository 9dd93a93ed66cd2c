"""The input for a file in the form of a new record."""

from collections.abc import Mapping
from typing import Any, ClassVar, TypedDict

from django import forms
from django.http import HttpRequest
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from crm.admin.base import Fieldsets
from crm.admin.file_pages import FilesInPlace
from crm.services.file_links import FileValues
from crm.services.file_types import TYPES
from crm.services.files import LARGEST_FILE
from crm.services.tags import TagValues


class TakesFile(forms.Form):
    """A form of a record; that of a new one has an input for a file."""

    new_file = forms.FileField(
        required=False,
        label=_("Add a file"),
        help_text=format_lazy(
            _("At most {size} MB: {types}."), size=LARGEST_FILE // 1024**2, types=", ".join(TYPES)
        ),
        widget=forms.FileInput(attrs={"accept": ",".join(f".{extension}" for extension in TYPES)}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Beside the form of a stored record stands one for its files.
        instance = getattr(self, "instance", None)
        if instance is not None and not instance._state.adding:
            del self.fields["new_file"]

    fields_of_arguments: ClassVar[Mapping[str, str]] = {"files": "new_file"}


class FormRelations(TypedDict, total=False):
    """The values of a record's service that every form of a record sets."""

    files: list[FileValues] | None
    tags: list[TagValues] | None


def set_relations(values: FormRelations, form: TakesFile) -> None:
    """Add the new file and the tags of a valid form to the values for a service, each only if it changed."""
    if "new_file" in form.changed_data:
        added = form.cleaned_data["new_file"]
        values["files"] = [{"file": added}] if added else []
    if "tags" in form.changed_data:
        values["tags"] = [{"name": tag.name, "tag": tag} for tag in form.cleaned_data["tags"]]


class WithFiles(FilesInPlace):
    """The pages of a model whose records have files; its form extends ``TakesFile``."""

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Fieldsets:
        fieldsets = super().get_fieldsets(request, obj)
        # Those of a stored record stand beside its form.
        return fieldsets if obj is not None else [*fieldsets, (_("Files"), {"fields": ("new_file",)})]
