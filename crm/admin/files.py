"""Files on the page of a record: links to the attached files, and an input for one more."""

from collections.abc import Mapping
from typing import Any, ClassVar, TypedDict

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.admin.base import Fieldsets
from crm.admin.lifecycle import LiveAdmin
from crm.models.records import Record
from crm.services.file_links import FileValues
from crm.services.file_types import TYPES
from crm.services.files import LARGEST_FILE
from crm.services.tags import TagValues


class TakesFile(forms.Form):
    """A form of a record with an input for one more file."""

    new_file = forms.FileField(
        required=False,
        label=_("Add a file"),
        help_text=format_lazy(
            _("At most {size} MB: {types}."), size=LARGEST_FILE // 1024**2, types=", ".join(TYPES)
        ),
        widget=forms.FileInput(attrs={"accept": ",".join(f".{extension}" for extension in TYPES)}),
    )

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


class WithFiles(LiveAdmin[Any]):
    """The pages of a model whose records have files; its form extends ``TakesFile``."""

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Fieldsets:
        shown = () if obj is None else ("attached_files",)
        fields = (*shown, "new_file") if self.has_write_permission(request) else shown
        fieldsets = super().get_fieldsets(request, obj)
        return [*fieldsets, (gettext("Files"), {"fields": fields})]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return (*super().get_readonly_fields(request, obj), "attached_files")

    @admin.display(description=_("files"))
    def attached_files(self, record: Record) -> SafeString:
        links = record.file_links.select_related("file").order_by("pk")
        parts = ((link.file.address, link.file.name) for link in links)
        return format_html_join(", ", '<a href="{}" rel="noopener noreferrer">{}</a>', parts)
