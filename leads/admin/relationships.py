"""What people may be to leads."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from crm.actors import Action
from crm.admin.base import acting
from crm.admin.forms import NamedForm
from crm.admin.writing import FormSet, WritesThroughService
from leads.services.relationships import delete_relationship, save_relationship
from people.models import PeopleRelationship


@admin.register(PeopleRelationship)
class PeopleRelationshipAdmin(WritesThroughService[PeopleRelationship]):
    """The company's list of relationships."""

    form = NamedForm[PeopleRelationship]
    write_action = Action.CHANGE_LOOKUPS
    list_display = ("name", "description")
    search_fields = ("name",)
    ordering = ("name", "pk")
    fields = ("name", "description")

    def store(self, request: HttpRequest, form: Any, formsets: Sequence[FormSet]) -> None:
        """Store the relationship."""
        save_relationship(form.instance, actor=acting(request))

    def remove(self, request: HttpRequest, obj: PeopleRelationship) -> None:
        """Remove the relationship, unless people of leads have it."""
        delete_relationship(obj.pk, actor=acting(request))
