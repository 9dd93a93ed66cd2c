"""The admin page of contact types: shared ones are read-only."""

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from crm.actors import Action
from crm.admin.forms import NamedForm
from crm.admin.writing import WritesThroughService
from people.models import ContactKind, ContactType
from people.services.contact_types import delete_contact_type, save_contact_type

#: What pages call the types that all companies share; clients of the API rely on their names.
SHARED: dict[str, StrOrPromise] = {
    ContactKind.EMAIL: _("E-mail"),
    ContactKind.PHONE: _("Phone"),
    ContactKind.CELLPHONE: _("Mobile"),
}


def name_of(contact_type: ContactType) -> str:
    """Return how pages call a type of contact: a shared one in the language of the member."""
    is_shared = contact_type.company_id is None
    return str(SHARED.get(contact_type.kind, contact_type)) if is_shared else contact_type.name


@admin.register(ContactType)
class ContactTypeAdmin(WritesThroughService[ContactType]):
    form = NamedForm[ContactType]
    write_action = Action.CHANGE_LOOKUPS
    save_service = staticmethod(save_contact_type)
    delete_service = staticmethod(delete_contact_type)
    list_display = ("shown_name", "kind", "is_shared")
    list_filter = ("kind",)
    search_fields = ("name",)
    ordering = ("name", "pk")
    fields = ("name", "kind")

    @admin.display(description=_("name"), ordering="name")
    def shown_name(self, contact_type: ContactType) -> str:
        return name_of(contact_type)

    @admin.display(description=_("shared by all companies"), boolean=True)
    def is_shared(self, contact_type: ContactType) -> bool:
        return contact_type.company_id is None

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        # Shared types belong to every company.
        shared = isinstance(obj, ContactType) and obj.company_id is None
        return not shared and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        shared = isinstance(obj, ContactType) and obj.company_id is None
        return not shared and super().has_delete_permission(request, obj)
