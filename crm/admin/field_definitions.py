"""Definitions of custom fields, with a preview of their input in forms."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from crm.actors import Action
from crm.admin.custom_fields import input_of
from crm.admin.forms import NamedForm
from crm.admin.lines import LinesField
from crm.admin.writing import WritesThroughService
from crm.caps import CHOICES
from crm.models import CustomFieldDefinition, CustomFieldKind
from crm.services.custom_field_definitions import delete_definition, save_definition

#: What the look of an input follows from.
PREVIEWED = ("name", "label", "kind", "choices", "required")


class DefinitionForm(NamedForm[CustomFieldDefinition]):
    choices = LinesField(
        label=_("Choices"), required=False, help_text=_("One per line; only for the kind Choice.")
    )


@admin.register(CustomFieldDefinition)
class CustomFieldDefinitionAdmin(WritesThroughService[CustomFieldDefinition]):
    form = DefinitionForm
    write_action = Action.CHANGE_LOOKUPS
    save_service = staticmethod(save_definition)
    delete_service = staticmethod(delete_definition)
    list_display = ("name", "label", "model", "kind", "required", "weight")
    list_filter = ("model", "kind", "required")
    search_fields = ("name",)
    ordering = ("model", "weight", "name", "pk")
    fields = ("model", "name", "label", "kind", "choices", "required", "weight")

    change_form_template = "admin/crm/setup/custom_field.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.preview))
        own = path("preview/", view, name="crm_customfielddefinition_preview")
        return [own, *super().get_urls()]

    def preview(self, request: HttpRequest) -> HttpResponse:
        """Answer how the field of a form that is being filled in would look."""
        if not self.has_write_permission(request):
            raise PermissionDenied
        return TemplateResponse(
            request, "admin/crm/setup/custom_field_preview.html", {"preview": _preview(request.POST)}
        )

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        if self.has_write_permission(request):
            shown = context["adminform"].form
            context["preview"] = _preview({name: shown[name].value() for name in PREVIEWED})
        return super().render_change_form(request, context, *args, **kwargs)

    def get_readonly_fields(
        self, request: HttpRequest, obj: CustomFieldDefinition | None = None
    ) -> tuple[str, ...]:
        # The values are stored in records of that kind.
        return () if obj is None else ("model",)


def _preview(sent: Mapping[str, Any]) -> forms.Form | None:
    """Return a form with the input of a definition as it was typed; None if it cannot be shown yet."""
    choices = sent.get("choices") or []
    texts = choices.splitlines() if isinstance(choices, str) else choices
    definition = CustomFieldDefinition(
        name=str(sent.get("name") or ""),
        label=str(sent.get("label") or ""),
        kind=str(sent.get("kind") or ""),
        choices=[each.strip() for each in texts if each.strip()][: CHOICES.most],
    )
    if definition.kind not in CustomFieldKind.values or not str(definition).strip():
        return None
    form = forms.Form(prefix="preview")
    form.fields["value"] = input_of(definition)
    form.fields["value"].required = bool(sent.get("required"))
    # A preview is posted with the form around it, and must not hold it up.
    form.use_required_attribute = False
    return form
