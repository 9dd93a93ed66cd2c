"""Create people and organizations, or change those that match."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.lookups import Exact

from crm.actors import Action, Actor
from crm.database.json_entries import Contains, Entries, EntryName, ValueMatches
from crm.database.keys import parse_id
from crm.errors import Conflict
from crm.models import Company
from crm.models.base import pick
from crm.services import custom_fields, saving
from crm.texts import name_key
from people.models import ContactKind, ContactType, Organization, Person
from people.models.canonical import canonical_email
from people.models.phones import canonical_phone
from people.services import employments, organizations, people
from people.services.contacts import ADDRESS_TEXTS, ContactValues
from people.services.duplicates import Reason, Traits, find_matches
from people.services.organizations import OrganizationValues
from people.services.people import PersonValues


class PeopleMatch(StrEnum):
    """By what a known person is found."""

    ID = "ID"
    UUID = "UUID"
    EMAIL = "EMAIL"
    PHONE = "PHONE"
    CUSTOM_FIELD = "CUSTOM_FIELD"


USUAL_MATCH = (PeopleMatch.ID, PeopleMatch.EMAIL, PeopleMatch.PHONE)
MOST_NAMED = 25


@dataclass(frozen=True, kw_only=True)
class Upserted:
    """The result of an upsert; ``matched_on`` says how an existing record was found."""

    record: Any
    created: bool
    matched_on: PeopleMatch | None = None
    changed: bool = True


def lock_matching(actor: Actor) -> None:
    """Serialize "find a match, else create" within one company, so that two requests create one record.

    FOR NO KEY UPDATE does not block rows that only refer to the company.
    """
    Company.objects.select_for_update(no_key=True).get(pk=actor.company_id)


def find_person(
    values: PersonValues,
    *,
    actor: Actor,
    match: tuple[PeopleMatch, ...] = USUAL_MATCH,
    match_field: str | None = None,
) -> tuple[Person, PeopleMatch] | None:
    """Return the visible person that the values mean, by the first way of matching that finds one.

    :raises Conflict: with the ids, if several people match in that way.
    """
    if PeopleMatch.CUSTOM_FIELD in match and not match_field:
        raise ValidationError({"match_field": ["Name the custom field to match by."]})
    for way in match:
        matching = _matching(way, values, actor, match_field)
        if matching is None:
            continue
        found = list(matching.distinct().order_by("pk")[:MOST_NAMED])
        if len(found) > 1:
            raise Conflict(f"Several people match by {way.value}.", ids=[str(person.pk) for person in found])
        if found:
            return found[0], way
    return None


def _matching(
    way: PeopleMatch, values: PersonValues, actor: Actor, match_field: str | None
) -> QuerySet[Person] | None:
    visible = Person.objects.visible_to(actor)
    if way in (PeopleMatch.ID, PeopleMatch.UUID):
        key = values.get("id")
        # Clients send the UUID in the same field as the id.
        if saving.is_none_given(key) or (way is PeopleMatch.UUID and parse_id(key) is not None):
            return None
        # An id that does not exist for the actor is an error, not a new record.
        return visible.filter(pk=pick(visible, key).pk)
    if way is PeopleMatch.CUSTOM_FIELD:
        equal: QuerySet[Person] | None = with_custom_field(visible, str(match_field), values, actor)
        return equal
    # The rule of possible duplicates, restricted to one kind of contact.
    shared = frozenset(key for key in reached_by(values, actor) if key[0].value == way.value)
    if not shared:
        return None
    return visible.filter(pk__in=find_matches({way: Traits(reached_by=shared)}, actor=actor)[way])


def with_custom_field(visible: Any, name: str, values: Any, actor: Actor) -> Any:
    """Narrow to the records with the same custom field as the values; None if the values have none."""
    meant = visible.model(company_id=actor.company_id)
    custom_fields.merge(meant, values.get("custom_fields") or [])
    definition = meant.definitions().get(name_key(name))
    name = name if definition is None else definition.name
    value = meant.custom_fields.get(name)
    if value is None:
        return None
    if not isinstance(value, str | int | float):
        raise ValidationError({"match_field": ["Only texts, numbers and booleans can be matched."]})
    equal = Q(Exact(EntryName(), name)) & Q(ValueMatches("exact", value))
    return visible.filter(Contains({name: value}), Entries(equal, name=name))


def reached_by(values: PersonValues, actor: Actor) -> frozenset[tuple[Reason, str]]:
    """Return the canonical e-mails and phones in an input."""
    reached = {(Reason.EMAIL, canonical_email(values.get("email")))}
    contacts: list[ContactValues] = values.get("contacts") or []
    if contacts:
        types = {type_.pk: type_ for type_ in ContactType.objects.visible_to(actor)}
        region = Company.objects.get(pk=actor.company_id).region
        for contact in contacts:
            type_ = types.get(parse_id(contact.get("contacts_types_id")) or 0)
            if type_ is not None and type_.is_email:
                reached.add((Reason.EMAIL, canonical_email(contact.get("value"))))
            elif type_ is not None and type_.is_phone:
                reached.add((Reason.PHONE, canonical_phone(contact.get("value"), region)))
    return frozenset((reason, canonical) for reason, canonical in reached if canonical)


@transaction.atomic
def upsert_person(
    values: PersonValues,
    *,
    actor: Actor,
    match: tuple[PeopleMatch, ...] = USUAL_MATCH,
    match_field: str | None = None,
) -> Upserted:
    """Change the person that the values mean, or create one; lists are extended, never shortened."""
    actor.require(Action.CHANGE_PEOPLE)
    lock_matching(actor)
    found = find_person(values, actor=actor, match=match, match_field=match_field)
    if found is None:
        return Upserted(record=people.create_person(without_id(values), actor=actor), created=True)
    person, way = found
    changed = people.update_person(person.pk, _added_to(person, without_id(values)), actor=actor)
    return Upserted(record=changed, created=False, matched_on=way, changed=changed.version != person.version)


def without_id(values: Any) -> Any:
    # The id only identified the record.
    return {name: value for name, value in values.items() if name != "id"}


def _added_to(person: Person, values: PersonValues) -> PersonValues:
    """Return the values with each list extended by what the person has already."""
    added: dict[str, Any] = dict(values)
    email = canonical_email(values.get("email"))
    if "contacts" in values or (email is not None and email != person.email_canonical):
        kept = [{"id": contact.pk} for contact in person.contacts.order_by("weight", "pk")]
        added["contacts"] = [*kept, *(values.get("contacts") or []), *_email_contact(values)]
    if "address" in values:
        known = {_address_key(address.__dict__) for address in person.addresses.all()}
        kept = [{"id": address.pk} for address in person.addresses.order_by("pk")]
        new = [item for item in values["address"] or [] if _address_key(item) not in known]
        added["address"] = [*kept, *new]
    if "tags" in values:
        kept_tags = [{"name": tag.name, "tag": tag} for tag in person.tags.all()]
        added["tags"] = [*kept_tags, *(values["tags"] or [])]
    positions = employments.given_list(values)
    if positions is not None:
        known_positions = {_position_key(row.__dict__) for row in person.employments.all()}
        kept = [{"id": row.pk} for row in person.employments.order_by("pk")]
        name, wanted = positions
        for other in employments.NAMES:
            added.pop(other, None)
        added[name] = [*kept, *(item for item in wanted if _position_key(item) not in known_positions)]
    if "organizations_id" in values:
        kept_keys = person.organizations.filter(deleted_at=None).values_list("pk", flat=True)
        added["organizations_id"] = [*(values["organizations_id"] or []), *kept_keys]
    return cast(PersonValues, added)


def _email_contact(values: PersonValues) -> list[ContactValues]:
    if not values.get("email"):
        return []
    email_type = ContactType.objects.get(company=None, kind=ContactKind.EMAIL)
    return [{"contacts_types_id": email_type.pk, "value": values["email"]}]


def _position_key(position: Any) -> tuple[Any, ...]:
    organization = position.get("organizations_id") or position.get("organization_id")
    title = name_key(position.get("position"))
    return (title, str(organization or ""), position.get("start_date"), position.get("end_date"))


def _address_key(address: Any) -> tuple[str, ...]:
    return tuple(name_key(address.get(name)) for name in ADDRESS_TEXTS)


def find_organization(
    values: OrganizationValues, *, actor: Actor, match_field: str | None = None
) -> Organization | None:
    """Return the visible organization that the values mean: by id, else ``match_field``, else name.

    :raises Conflict: with the ids, if several match.
    """
    if not saving.is_none_given(values.get("id")):
        return Organization.objects.find(actor, values["id"])
    visible = Organization.objects.visible_to(actor)
    name = values.get("name")
    matching: QuerySet[Organization] | None = None
    if match_field:
        matching = with_custom_field(visible, match_field, values, actor)
    if matching is None and name:
        matching = visible.named(name)
    found = [] if matching is None else list(matching.order_by("pk")[:MOST_NAMED])
    if len(found) > 1:
        raise Conflict("Several organizations match.", ids=[str(row.pk) for row in found])
    return found[0] if found else None


@transaction.atomic
def upsert_organization(
    values: OrganizationValues, *, actor: Actor, match_field: str | None = None
) -> Upserted:
    """Change the organization that the values mean, or create one; tags are added, never removed."""
    actor.require(Action.CHANGE_PEOPLE)
    lock_matching(actor)
    known = find_organization(values, actor=actor, match_field=match_field)
    given = without_id(values)
    if known is None:
        return Upserted(record=organizations.create_organization(given, actor=actor), created=True)
    if "tags" in given:
        kept = [{"name": tag.name, "tag": tag} for tag in known.tags.all()]
        given["tags"] = [*kept, *(given["tags"] or [])]
    changed = organizations.update_organization(known.pk, given, actor=actor)
    return Upserted(record=changed, created=False, changed=changed.version != known.version)
