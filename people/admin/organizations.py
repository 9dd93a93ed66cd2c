"""The admin page of organizations."""

from collections.abc import Sequence

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from crm.actors import Action
from crm.admin.base import acting
from crm.admin.custom_fields import DefinedFieldsAdmin
from crm.admin.exports import EXPORT, ExportsList
from crm.admin.files import TakesFile, WithFiles, set_relations
from crm.admin.filters import DeletedFilter
from crm.admin.forms import VersionedForm
from crm.admin.reach import mail_link
from crm.admin.timeline import WithTimeline
from crm.admin.writing import FormSet
from crm.models.external_ids import EXTERNAL_ID_COLUMNS
from people.admin.many import ChangesTags
from people.admin.merging import MergesRecords
from people.admin.related import OrganizationPage
from people.admin.warnings import MayBeKnown, WarnsOfDuplicates
from people.models import Organization
from people.services.duplicate_warning import organizations_like
from people.services.organizations import (
    OrganizationValues,
    delete_organization,
    restore_organization,
    save_organization,
    update_organization,
)


class OrganizationForm(MayBeKnown, TakesFile, VersionedForm[Organization]):
    pass


@admin.register(Organization)
class OrganizationAdmin(
    OrganizationPage,
    WarnsOfDuplicates,
    MergesRecords,
    ChangesTags,
    ExportsList,
    WithFiles,
    WithTimeline,
    DefinedFieldsAdmin,
):
    form = OrganizationForm
    write_action = Action.CHANGE_PEOPLE
    delete_service = staticmethod(delete_organization)
    update_service = staticmethod(update_organization)
    restore_service = staticmethod(restore_organization)
    actions = ("change_selected", "merge_selected", EXPORT, "restore_selected", "delete_selected")
    list_display = ("name", "mail", "city", "country", "created_at")
    list_filter = (DeletedFilter, "created_at")
    search_fields = ("name",)
    search_help_text = _("Name or e-mail")
    ordering = ("-created_at", "pk")
    autocomplete_fields = ("tags",)
    fieldsets = (
        (None, {"fields": ("name", "email")}),
        (_("Address"), {"fields": ("address", ("zip", "city"), ("state", "country"))}),
        (_("Details"), {"fields": ("tags", "custom_fields", EXTERNAL_ID_COLUMNS)}),
    )

    @admin.display(description=_("E-mail"), ordering="email")
    def mail(self, organization: Organization) -> object:
        return mail_link(organization.email)

    def store(self, request: HttpRequest, form: OrganizationForm, formsets: Sequence[FormSet]) -> None:
        values: OrganizationValues = {}
        set_relations(values, form)
        if form.instance._state.adding or "name" in form.changed_data:
            like = organizations_like(form.instance.name, actor=acting(request), but=form.instance.pk)
            self.warn(form, like)
        save_organization(
            form.instance, actor=acting(request), values=values, expected_version=form.expected_version
        )
