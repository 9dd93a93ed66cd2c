"""The people who have to do with a lead, with their roles: named, changed and removed on its page."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from crm.actors import Action, Actor
from crm.admin.autocomplete import KeySelect
from crm.admin.base import acting
from crm.admin.forms import message_of
from crm.admin.frame.fragments import back_to, message_with_undo
from crm.admin.lifecycle import LiveAdmin
from crm.admin.record_pages import Panel, page_of, related
from crm.errors import CrmError
from leads.admin.one_lead import lead_to_change
from leads.models import Lead, LeadPerson
from leads.services.involvement import add_person, remove_person
from people.models import PeopleRelationship, Person

MOST_PEOPLE = 100
#: The id of the panel, which the forms in it show anew.
PANEL = "people-of-lead"


class RoleForm(forms.Form):
    """A person and a role."""

    person: forms.ModelChoiceField[Person] = forms.ModelChoiceField(
        queryset=None,
        label=_("Person"),
        widget=KeySelect(LeadPerson._meta.get_field("person"), admin.site),
    )
    relationship: forms.ModelChoiceField[PeopleRelationship] = forms.ModelChoiceField(
        queryset=None,
        label=pgettext_lazy("in a lead", "Role"),
        required=False,
        empty_label=_("Without a role"),
    )

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["person"].queryset = Person.objects.visible_to(actor)
        fields["relationship"].queryset = PeopleRelationship.objects.visible_to(actor).order_by("name", "pk")


class NamesPeople(LiveAdmin[Lead]):
    """Mixin: the people of a lead are changed on its page."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.change_people))
        return [path("<int:object_id>/people/", view, name="leads_lead_people"), *super().get_urls()]

    def change_people(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Name a person with a role, change the role, or remove the person."""
        actor = acting(request)
        lead = lead_to_change(object_id, actor)
        form = RoleForm(actor, request.POST)
        if not form.is_valid():
            messages.error(request, gettext("Nothing was changed: choose a person."))
            return back_to(request, page_of(lead))
        person, role = form.cleaned_data["person"], form.cleaned_data["relationship"]
        try:
            if "remove" in request.POST:
                self._remove(request, lead, person, actor)
            else:
                add_person(lead.pk, person.pk, actor=actor, relationship_key=role and role.pk)
                messages.success(request, _said(person, role))
        except (ValidationError, CrmError) as refused:
            messages.error(request, message_of(refused))
        return back_to(request, page_of(lead))

    def _remove(self, request: HttpRequest, lead: Lead, person: Person, actor: Actor) -> None:
        had = LeadPerson.objects.visible_to(actor).filter(lead=lead, person=person).first()
        remove_person(lead.pk, person.pk, actor=actor)
        role = had and had.relationship_id
        message_with_undo(
            request,
            gettext("%(person)s was removed from this lead.") % {"person": person},
            reverse("admin:leads_lead_people", args=[lead.pk]),
            {"person": person.pk, "relationship": role or ""},
        )


def _said(person: Person, role: PeopleRelationship | None) -> str:
    if role is None:
        return gettext("%(person)s is named on this lead, without a role.") % {"person": person}
    return gettext("%(person)s is named on this lead as %(role)s.") % {"person": person, "role": role}


def people_of_lead(lead: Lead, actor: Actor) -> Panel:
    rows = LeadPerson.objects.visible_to(actor).filter(lead=lead).select_related("person", "relationship")
    may_change = actor.may(Action.CHANGE_LEADS)
    adding = RoleForm(actor, auto_id="new-role-%s")
    roles: Any = adding.fields["relationship"]
    # Read once for all rows.
    choices = [*roles.choices] if may_change else []
    roles.choices = choices
    people = [
        {"person": row.person, "address": page_of(row.person), "role": row.relationship}
        | {"form": _form_of(row, choices, actor)}
        for row in rows.order_by("person__name", "pk")[:MOST_PEOPLE]
    ]
    return Panel(
        title=gettext("People and roles"),
        rows=[],
        name=PANEL,
        template="admin/leads/people_of_lead.html",
        shown={
            "people": people,
            "adding": adding,
            "may_change": may_change,
            "address": reverse("admin:leads_lead_people", args=[lead.pk]),
            "page": page_of(lead),
            "roles_address": reverse("admin:people_peoplerelationship_changelist")
            if len(choices) == 1 and actor.may(Action.CHANGE_LOOKUPS)
            else "",
        },
    )


def _form_of(row: LeadPerson, choices: Sequence[Any], actor: Actor) -> RoleForm:
    form = RoleForm(actor, initial={"relationship": row.relationship_id}, auto_id=f"role-{row.person_id}-%s")
    roles: Any = form.fields["relationship"]
    roles.choices = choices
    return form


related(Lead, 5, people_of_lead)
