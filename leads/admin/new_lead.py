"""The page of a new lead: its person and organization are chosen, or written down and made with it."""

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.actors import Actor
from crm.admin.base import Fieldsets
from crm.admin.forms import Cleaned
from leads.admin.forms import LeadForm
from leads.services.lead_input import LeadValues
from people.models import ContactKind, ContactType, Person
from people.services.duplicate_warning import organizations_like, people_like
from people.services.matching import find_same_person
from people.services.people import PersonValues
from people.services.person_organizations import only_organization_of

#: What a new lead is made of at once; the rest is folded up below.
FIELDSETS: Fieldsets = (
    (None, {"fields": ("title", ("amount", "currency", "expected_close_on"), ("stage", "owner"))}),
    (
        _("Customer"),
        {
            "fields": (
                "person",
                ("firstname", "lastname"),
                ("email", "phone"),
                "keep_person",
                ("organization", "organization_name"),
            ),
            "description": _(
                "Choose a person and an organization that you know already, or type new ones: they are added "
                "with the lead."
            ),
        },
    ),
    (
        _("More"),
        {
            "fields": (
                "status",
                ("lost_reason", "reason_lost"),
                "probability",
                ("type", "source"),
                "receiver",
                "team",
                "description",
                "tags",
                "custom_fields",
            ),
            "classes": ("collapse",),
        },
    ),
)
NAMES = ("firstname", "lastname", "email")


class NewLeadFields(admin.ModelAdmin[Any]):
    """Mixin behind all others, which add their fields to these."""

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Fieldsets:
        return FIELDSETS if obj is None else super().get_fieldsets(request, obj)


class NewLeadForm(LeadForm):
    """A lead with the person and the organization that it makes."""

    keep_person = forms.BooleanField(
        required=False,
        initial=True,
        label=_("Add to people"),
        help_text=_("Somebody with this e-mail address or phone number is chosen, and not added again."),
    )
    organization_name = forms.CharField(
        required=False,
        max_length=255,
        label=_("New organization"),
        help_text=_("If there is one of this name already, it is chosen, and not added again."),
    )

    fields_of_arguments = {
        **LeadForm.fields_of_arguments,
        "people": "firstname",
        "people.email": "email",
        "people.contacts.0.value": "phone",
        "organization.name": "organization_name",
    }

    def clean(self) -> Cleaned | None:
        cleaned: Cleaned = super().clean() or self.cleaned_data
        if cleaned.get("organization") and cleaned.get("organization_name"):
            raise ValidationError({"organization_name": gettext("Choose one, or name a new one: not both.")})
        return cleaned

    def made_records(self, actor: Actor) -> LeadValues:
        """Return the nested input of the person and the organization that the form writes down."""
        values: LeadValues = {}
        person = self._person(actor)
        if person:
            values["people"] = person
        if self.cleaned_data["organization_name"]:
            values["organization"] = {"name": self.cleaned_data["organization_name"]}
        elif person and not self.cleaned_data["organization"]:
            known = find_same_person(person, actor=actor)
            organization = known and only_organization_of(known, actor)
            if organization:
                values["organization_id"] = organization.pk
        return values

    def like(self, actor: Actor) -> Sequence[tuple[Any, Sequence[str]]]:
        """Return visible people and organizations of a similar name as those that the form writes down."""
        found: list[tuple[Any, Sequence[str]]] = []
        person = self._person(actor)
        if person:
            texts = {name: person.get(name) for name in NAMES}
            same = people_like(Person(company_id=actor.company_id, **texts), person, actor=actor)
            # The one whom the input means is taken, and not added again.
            taken = find_same_person(person, actor=actor)
            found += [(row, reasons) for row, reasons in same if row != taken]
        name = self.cleaned_data["organization_name"]
        found += [
            (row, reasons)
            for row, reasons in organizations_like(name, actor=actor)
            if row.name.casefold() != name.casefold()
        ]
        return found

    def _person(self, actor: Actor) -> PersonValues:
        cleaned = self.cleaned_data
        if cleaned.get("person") or not cleaned["keep_person"]:
            return {}
        values: dict[str, Any] = {name: cleaned[name] for name in NAMES if cleaned.get(name)}
        # A number alone names nobody: it stays with the lead.
        if values and cleaned.get("phone"):
            kinds = ContactType.objects.visible_to(actor).filter(kind=ContactKind.PHONE)
            type_ = kinds.order_by("pk").first()
            if type_ is not None:
                values["contacts"] = [{"contacts_types_id": type_.pk, "value": cleaned["phone"]}]
        return cast(PersonValues, values)
