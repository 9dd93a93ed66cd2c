"""The entries of the navigation for people and organizations, and how the search shows them."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm.actors import Action, Actor
from crm.admin.entries import SALES, set_up
from crm.admin.frame.navigation import Entry, QuickAdd, Section, register, register_quick_add
from crm.admin.frame.search import Searched
from crm.admin.frame.search import register as register_search
from people.admin.searched_texts import contact_of, names_of
from people.models import ContactType, Merge, Organization, PeopleRelationship, Person


def _people(rows: QuerySet[Any], actor: Actor) -> QuerySet[Any]:
    known: Any = rows
    organizations = Organization.objects.visible_to(actor).order_by("name", "pk")
    people: QuerySet[Any] = known.with_main_phone().prefetch_related(
        Prefetch("organizations", queryset=organizations, to_attr="visible_organizations")
    )
    return people


def _about_person(person: Any) -> Iterable[str | None]:
    return (
        ", ".join(organization.name for organization in person.visible_organizations),
        person.email,
        person.main_phone,
    )


def _about_organization(organization: Organization) -> Iterable[str | None]:
    return (organization.city, organization.country, organization.email)


register(
    Entry(label=_("People"), section=Section.WORK, weight=40, model=Person, icon="people"),
    Entry(
        label=_("Organizations"), section=Section.WORK, weight=50, model=Organization, icon="organizations"
    ),
    Entry(label=_("Merges"), section=Section.DATA, weight=40, model=Merge, icon="merges"),
)
set_up(
    (SALES[0], SALES[1] + 60),
    (ContactType, _("Kinds of contact"), _("E-mail, phone, mobile and your own")),
    (PeopleRelationship, _("Roles of people in leads"), _("Such as decision maker")),
)
register_quick_add(
    QuickAdd(
        label=_("Person"),
        weight=20,
        address=lambda: reverse("admin:people_person_add"),
        action=Action.CHANGE_PEOPLE,
        fields=lambda text: contact_of(text) or names_of(text),
    ),
    QuickAdd(
        label=_("Organization"),
        weight=30,
        address=lambda: reverse("admin:people_organization_add"),
        action=Action.CHANGE_PEOPLE,
        fields=lambda text: {} if contact_of(text) else {"name": text},
    ),
)
register_search(Searched(model=Person, title=_("People"), weight=10, rows=_people, describe=_about_person))
register_search(
    Searched(
        model=Organization,
        title=_("Organizations"),
        weight=20,
        rows=lambda rows, _actor: rows,
        describe=_about_organization,
    )
)
