"""Panels beside people and organizations: colleagues with positions, possible duplicates."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext

from crm.actors import Action, Actor
from crm.admin.reach import call_address, mail_address
from crm.admin.record_pages import (
    MOST_RELATED,
    Fact,
    Panel,
    RecordPage,
    Row,
    page_of,
    related,
)
from people.admin.plain_contacts import plain_contacts
from people.models import Employment, Organization, Person
from people.services.duplicates import duplicates_of_organizations, duplicates_of_people
from people.services.merging import MOST_MERGED


class PersonPage(RecordPage):
    """Mixin: the page of a person."""

    def facts_of(self, record: Any, actor: Actor) -> Sequence[Fact]:
        contacts = list(record.contacts.select_related("type").order_by("weight", "pk"))
        emails = [record.email, *(each.value for each in contacts if each.type.is_email)]
        phones = [each.value for each in contacts if each.type.is_phone] or [""]
        field = "phone" if plain_contacts(record).takes_phone else ""
        spelled: dict[str, str | None] = {}
        for email in emails:
            # One fact for an address in two spellings.
            spelled.setdefault((email or "").casefold(), email)
        first, *others = spelled.values()
        return [
            Fact(gettext("E-mail"), first or "", mail_address(first) if first else "", field="email"),
            *(Fact(gettext("E-mail"), email, mail_address(email)) for email in others if email),
            *(
                Fact(gettext("Phone"), phone, call_address(phone) if phone else "", field=field)
                for phone in dict.fromkeys(phones)
            ),
            *(
                Fact(gettext("Organization"), organization.name, page_of(organization))
                for organization in getattr(record, "visible_organizations", [])[:3]
            ),
        ]


class OrganizationPage(RecordPage):
    """Mixin: the page of an organization."""

    def facts_of(self, record: Organization, actor: Actor) -> Sequence[Fact]:
        place = " ".join(part for part in (record.zip, record.city) if part)
        return [
            Fact(
                gettext("E-mail"),
                record.email or "",
                mail_address(record.email) if record.email else "",
                field="email",
            ),
            Fact(gettext("Place"), ", ".join(part for part in (place, record.country) if part)),
        ]


def people_of(organization: Organization, actor: Actor) -> Panel:
    """Return the people of an organization, with their positions."""
    people: Any = Person.objects.visible_to(actor).filter(organizations=organization)
    found = list(people.with_main_phone().order_by("name", "pk")[: MOST_RELATED + 1])
    positions = Employment.objects.visible_to(actor).filter(organization=organization, person__in=found)
    held = {position.person_id: position.position for position in positions.order_by("start_date", "pk")}
    return Panel(
        title=gettext("People"),
        rows=[
            Row(
                str(person),
                page_of(person),
                " · ".join(part for part in (held.get(person.pk), person.email, person.main_phone) if part),
            )
            for person in found[:MOST_RELATED]
        ],
        goes_on=len(found) > MOST_RELATED,
        address=f"{reverse('admin:people_person_changelist')}?{urlencode({'organization': organization.pk})}",
        empty=gettext("Nobody yet."),
    )


def _alike(record: Any, actor: Actor, keys: Sequence[int]) -> Panel | None:
    if not keys:
        return None
    found = type(record).objects.visible_to(actor).in_bulk(keys[:MOST_RELATED])
    options = record._meta
    return Panel(
        title=gettext("May be the same"),
        rows=[
            Row(str(found[key]), page_of(found[key]), found[key].email or "") for key in keys if key in found
        ],
        address=reverse(f"admin:{options.app_label}_{options.model_name}_changelist"),
        compared=[record.pk, *found][: MOST_MERGED + 1] if actor.may(Action.CHANGE_PEOPLE) else (),
    )


def same_people(person: Person, actor: Actor) -> Panel | None:
    return _alike(person, actor, duplicates_of_people([person], actor).get(person.pk, []))


def same_organizations(organization: Organization, actor: Actor) -> Panel | None:
    return _alike(
        organization, actor, duplicates_of_organizations([organization], actor).get(organization.pk, [])
    )


related(Person, 30, same_people)
related(Organization, 20, people_of)
related(Organization, 30, same_organizations)
