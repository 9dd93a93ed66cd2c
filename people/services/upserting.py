"""Create people and organizations, or change those that match."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from crm.actors import Action, Actor
from crm.database.keys import parse_id
from crm.database.rows_ahead import kept_row
from crm.errors import Conflict, ConflictReason
from crm.services import external_ids, locking, saving
from crm.texts import name_key
from people.models import Organization, Person
from people.models.canonical import canonical_email
from people.services import employments, organizations, people
from people.services.addresses import address_key
from people.services.contacts import ContactValues, by_weight, email_type
from people.services.matching import MOST_NAMED, USUAL_MATCH, PeopleMatch, find_person, with_custom_field
from people.services.organizations import OrganizationValues, named_ahead
from people.services.people import PersonValues
from people.services.person_organizations import organizations_of


@dataclass(frozen=True, kw_only=True)
class Upserted:
    """The result of an upsert; ``matched_on`` says how an existing record was found."""

    record: Any
    created: bool
    matched_on: PeopleMatch | None = None
    changed: bool = True


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
    locking.lock_company(actor.company_id)
    found = find_person(values, actor=actor, match=match, match_field=match_field)
    if found is None:
        return Upserted(record=people.create_person(without_id(values), actor=actor), created=True)
    person, way = found
    # Whoever names a record by our own id may change its external one.
    is_named = way in (PeopleMatch.ID, PeopleMatch.UUID)
    changed, _ = extend_person(person, values if is_named else without_id(values), actor=actor)
    return Upserted(record=changed, created=False, matched_on=way, changed=changed.version != person.version)


def without_id(values: Any) -> Any:
    # The id only identified the record.
    return {name: value for name, value in values.items() if name != "id"}


def extend_person(person: Person, values: PersonValues, *, actor: Actor) -> tuple[Person, Mapping[str, Any]]:
    """Change the given fields of a person, and add to the given lists.

    A person whom the values do not name by our own id keeps the external id that it has.

    :return: the person, and those of its lists that may have changed, as the input that restores them.
    """
    given = _without_keys(person, values)
    before = _lists_before(person, given, actor)
    try:
        changed = people.update_person(person.pk, _added_to(person, given, before), actor=actor)
    except ValidationError as refused:
        raise _at_given_places(refused, before) from refused
    return changed, before


def _at_given_places(refused: ValidationError, before: Mapping[str, Any]) -> ValidationError:
    """Return a refusal whose paths count the contacts of the input, not those that the person has."""
    if not hasattr(refused, "error_dict"):
        return refused
    messages = {}
    for path, errors in refused.error_dict.items():
        name, _, rest = path.partition(".")
        index, _, field = rest.partition(".")
        if name == "contacts" and index.isdigit():
            path = f"contacts.{max(0, int(index) - len(before.get(name, ())))}.{field}"
        messages[path] = errors
    return ValidationError(messages)


def _without_keys(record: Organization | Person, values: Mapping[str, Any]) -> Any:
    is_named = not saving.is_none_given(values.get("id"))
    return without_id(values if is_named else external_ids.kept(record, values))


def _lists_before(person: Person, values: Mapping[str, Any], actor: Actor) -> dict[str, Any]:
    lists: dict[str, Any] = {}
    email = canonical_email(values.get("email"))
    if "contacts" in values or (email is not None and email != person.email_canonical):
        lists["contacts"] = [{"id": contact.pk} for contact in sorted(person.contacts.all(), key=by_weight)]
    if "address" in values:
        lists["address"] = _ids(person.addresses)
    if "tags" in values:
        lists["tags"] = [{"name": tag.name} for tag in person.tags.all()]
    positions = employments.given_list(values)
    if positions is not None:
        lists[positions[0]] = _ids(person.employments)
    elif "position" in values:
        lists[employments.NAMES[0]] = _ids(person.employments)
    if people.ORGANIZATION_LISTS & values.keys():
        lists["organizations_id"] = sorted(organizations_of(person, actor))
    return lists


def _ids(rows: Any) -> list[dict[str, int]]:
    # Not sorted by the database: a batch has read the list ahead.
    return [{"id": key} for key in sorted(row.pk for row in rows.all())]


def _added_to(person: Person, values: Mapping[str, Any], before: Mapping[str, Any]) -> PersonValues:
    """Return the values with each list extended by what the person has already."""
    added: dict[str, Any] = dict(values)
    if "contacts" in before:
        added["contacts"] = [
            *before["contacts"],
            *(values.get("contacts") or []),
            *_email_contact(values),
        ]
    if "address" in values:
        known = {address_key(address.__dict__) for address in person.addresses.all()}
        new = [item for item in values["address"] or [] if address_key(item) not in known]
        added["address"] = [*before["address"], *new]
    if "tags" in values:
        kept_tags = [{"name": tag.name, "tag": tag} for tag in person.tags.all()]
        added["tags"] = [*kept_tags, *(values["tags"] or [])]
    positions = employments.given_list(values)
    if positions is not None:
        known_positions = {_position_key(row.__dict__) for row in person.employments.all()}
        name, wanted = positions
        for other in employments.NAMES:
            added.pop(other, None)
        new_positions = (item for item in wanted if _position_key(item) not in known_positions)
        added[name] = [*before[name], *new_positions]
    if "organizations_id" in values:
        added["organizations_id"] = [*(values["organizations_id"] or []), *before["organizations_id"]]
    return cast(PersonValues, added)


def _email_contact(values: Mapping[str, Any]) -> list[ContactValues]:
    if not values.get("email"):
        return []
    return [{"contacts_types_id": email_type().pk, "value": values["email"]}]


def _position_key(position: Any) -> tuple[Any, ...]:
    organization = position.get("organizations_id") or position.get("organization_id")
    title = name_key(position.get("position"))
    return (title, str(organization or ""), position.get("start_date"), position.get("end_date"))


def find_organization(
    values: OrganizationValues, *, actor: Actor, match_field: str | None = None
) -> tuple[Organization, str] | None:
    """Return the visible organization that the values mean, and by what it was found.

    By id, else by external id, else by ``match_field``, else by name: one of this name that the same product
    knows by another external id is another organization.

    :raises Conflict: with ids and key, if several match.
    """
    if not saving.is_none_given(values.get("id")):
        known = kept_row(Organization, parse_id(values["id"]))
        return known or Organization.objects.find(actor, values["id"]), "ID"
    same = external_ids.find(Organization, values, actor=actor)
    if same is not None:
        return same, "EXTERNAL_ID"
    visible = Organization.objects.visible_to(actor)
    name = values.get("name")
    matching: QuerySet[Organization] | None = None
    if match_field:
        matching = with_custom_field(visible, match_field, values, actor)
    key = "NAME" if matching is None else "CUSTOM_FIELD"
    found = named_ahead(name) if matching is None and name else None
    if found is None:
        if matching is None and name:
            matching = visible.named(name)
        found = [] if matching is None else list(matching.order_by("pk")[:MOST_NAMED])
    if key == "NAME":
        found = [row for row in found if not external_ids.is_another(row, values)]
    if len(found) > 1:
        ids = [str(row.pk) for row in found]
        message = f"Several organizations match by {key}: {', '.join(ids)}."
        raise Conflict(ConflictReason.MATCH, message, ids=ids, keys=[key])
    return (found[0], key) if found else None


@transaction.atomic
def upsert_organization(
    values: OrganizationValues, *, actor: Actor, match_field: str | None = None
) -> Upserted:
    """Change the organization that the values mean, or create one; tags are added, never removed."""
    actor.require(Action.CHANGE_PEOPLE)
    locking.lock_company(actor.company_id)
    found = find_organization(values, actor=actor, match_field=match_field)
    if found is None:
        created = organizations.create_organization(without_id(values), actor=actor)
        return Upserted(record=created, created=True)
    known, _ = found
    changed, _ = extend_organization(known, values, actor=actor)
    return Upserted(record=changed, created=False, changed=changed.version != known.version)


def extend_organization(
    organization: Organization, values: OrganizationValues, *, actor: Actor
) -> tuple[Organization, Mapping[str, Any]]:
    """Change the given fields of an organization, and add tags.

    One that the values do not name by our own id keeps the external id that it has.

    :return: the organization, and its tags before if they may have changed, as the input that restores them.
    """
    given, lists = _without_keys(organization, values), {}
    if "tags" in given:
        kept = [{"name": tag.name, "tag": tag} for tag in organization.tags.all()]
        lists["tags"] = [{"name": tag["name"]} for tag in kept]
        given["tags"] = [*kept, *(given["tags"] or [])]
    return organizations.update_organization(organization.pk, given, actor=actor), lists
