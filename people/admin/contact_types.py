"""The admin page of contact types: shared ones are read-only."""

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from crm.actors import Action
from crm.admin.forms import NamedForm
from crm.admin.writing import WritesThroughService
from people.models import ContactType
from people.services.contact_types import delete_contact_type, save_contact_type


@admin.register(ContactType)
class ContactTypeAdmin(WritesThroughService[ContactType]):
    form = NamedForm[ContactType]
    write_action = Action.CHANGE_LOOKUPS
    save_service = staticmethod(save_contact_type)
    delete_service = staticmethod(delete_contact_type)
    list_display = ("name", "kind", "is_shared")
    list_filter = ("kind",)
    search_fields = ("name",)
    ordering = ("name", "pk")
    fields = ("name", "kind")

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
