"""Statuses, types, sources and lost reasons of leads, and relationships of people to leads."""

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from crm.actors import Action
from crm.admin.base import acting
from crm.admin.filters import VisibleRelatedFilter
from crm.admin.forms import NamedForm
from crm.admin.writing import WritesThroughService
from leads.models import LeadLostReason, LeadSource, LeadStatus, LeadType
from leads.services.lookup_deletion import delete_lookup
from leads.services.lookups import Lookup, save_lookup
from leads.services.relationships import delete_relationship
from people.models import PeopleRelationship


class LookupAdmin(WritesThroughService[Lookup]):
    """A small list that managers maintain."""

    form: type[forms.ModelForm[Lookup]] = NamedForm
    write_action = Action.CHANGE_LOOKUPS
    save_service = staticmethod(save_lookup)
    search_fields = ("name",)
    ordering = ("name", "pk")

    def remove(self, request: HttpRequest, obj: Lookup) -> None:
        delete_lookup(type(obj), obj.pk, actor=acting(request))


@admin.register(LeadStatus)
class LeadStatusAdmin(LookupAdmin[LeadStatus]):
    list_display = ("name", "category", "is_default", "weight")
    list_filter = ("category",)
    ordering = ("weight", "pk")
    fields = ("name", "category", "is_default", "weight")


@admin.register(LeadType)
class LeadTypeAdmin(LookupAdmin[LeadType]):
    list_display = ("name", "description", "is_active")
    list_filter = ("is_active",)
    fields = ("name", "description", "is_active")


@admin.register(LeadSource)
class LeadSourceAdmin(LookupAdmin[LeadSource]):
    list_display = ("name", "type", "is_active")
    list_filter = ("is_active", ("type", VisibleRelatedFilter))
    list_select_related = ("type",)
    fields = ("name", "description", "type", "is_active")


@admin.register(LeadLostReason)
class LeadLostReasonAdmin(LookupAdmin[LeadLostReason]):
    list_display = ("name", "is_active", "weight")
    list_filter = ("is_active",)
    ordering = ("weight", "pk")
    fields = ("name", "is_active", "weight")


@admin.register(PeopleRelationship)
class PeopleRelationshipAdmin(LookupAdmin[PeopleRelationship]):
    list_display = ("name", "description")
    fields = ("name", "description")

    def remove(self, request: HttpRequest, obj: PeopleRelationship) -> None:
        # People of leads have it, and not leads themselves.
        delete_relationship(obj.pk, actor=acting(request))
