"""Find the one person that an input means: one rule for upserts, imports, receivers and nested people.

docs/api.md has the rule as a table.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.db.models.lookups import Exact

from crm.actors import Actor
from crm.database.json_entries import Contains, Entries, EntryName, ValueMatches
from crm.database.keys import parse_id
from crm.database.rows_ahead import kept_row
from crm.errors import Conflict, ConflictReason
from crm.models.base import pick
from crm.services import custom_fields, external_ids, saving
from crm.texts import name_key
from people.models import Contact, ContactKind, Person
from people.models.canonical import canonical_email
from people.services.key_owners import EMAILS, PHONES, known_owners, without_absent
from people.services.people import PersonValues
from people.services.reach import Reach


class PeopleMatch(StrEnum):
    """By what a known person is found."""

    ID = "ID"
    UUID = "UUID"
    EXTERNAL_ID = "EXTERNAL_ID"
    EMAIL = "EMAIL"
    PHONE = "PHONE"
    CUSTOM_FIELD = "CUSTOM_FIELD"


USUAL_MATCH = (PeopleMatch.ID, PeopleMatch.EXTERNAL_ID, PeopleMatch.EMAIL, PeopleMatch.PHONE)
#: What is in an input besides its own id, which means nothing to a stranger.
MATCH_WITHOUT_ID = (PeopleMatch.EMAIL, PeopleMatch.PHONE)
#: Ids that mean one record and no other.
BY_ID = (PeopleMatch.ID, PeopleMatch.UUID, PeopleMatch.EXTERNAL_ID)
MOST_NAMED = 25


def find_person(
    values: PersonValues,
    *,
    actor: Actor,
    match: Sequence[PeopleMatch] = USUAL_MATCH,
    match_field: str | None = None,
    people: QuerySet[Person] | None = None,
) -> tuple[Person, PeopleMatch] | None:
    """Return the visible person that the values mean, and by what it was found; None if nobody is meant.

    The first way that finds somebody decides, unless the others contradict it.

    :param people: the visible people, with further columns that the caller needs.
    :raises Conflict: with ids and keys, if several people are found, or one who is probably another.
    """
    if PeopleMatch.CUSTOM_FIELD in match and not match_field:
        raise ValidationError({"match_field": ["Name the custom field to match by."]})
    search = _Search(values, actor, match_field, people)
    for place, way in enumerate(match):
        found = search.by(way)
        if len(found) > 1:
            raise _conflict(f"Several people match by {way}", found, [way])
        if not found:
            continue
        [person] = found
        if way not in BY_ID and external_ids.is_another(person, values):
            message = "The product knows the person by another external id"
            raise _conflict(message, [person], [way, PeopleMatch.EXTERNAL_ID])
        if way is not PeopleMatch.PHONE:
            _check_other_keys(person, way, match, search)
        # A phone is shared by colleagues and families: it decides alone only where the caller says so.
        elif PeopleMatch.EMAIL in match[:place]:
            _check_phone_match(person, search)
        return person, way
    return None


def find_same_person(values: PersonValues, *, actor: Actor) -> Person | None:
    """Return the person whom an input without an id means; None where only somebody could tell.

    For what strangers send: a conflict is nobody, and a phone alone without a name finds nobody.
    """
    # A lead takes over the phone of its person.
    people = Person.objects.visible_to(actor).with_main_phone()
    try:
        found = find_person(values, actor=actor, match=MATCH_WITHOUT_ID, people=people)
    except Conflict:
        return None
    if found is None:
        return None
    person, way = found
    same_name = name_key(person.name) == name_key(full_name(values))
    return person if way is PeopleMatch.EMAIL or (person.name and same_name) else None


def people_by_email(emails: Iterable[str], *, actor: Actor) -> dict[str, Person]:
    """Return the one visible person of each canonical e-mail address, in two statements for all addresses.

    An address that several people share is left out, as it matches nobody in what strangers send.
    """
    wanted = {email for email in map(canonical_email, emails) if email}
    visible = Person.objects.visible_to(actor)
    contacts = Contact.objects.visible_to(actor).filter(type__kind=ContactKind.EMAIL, canonical__in=wanted)
    keys: dict[str, set[int]] = defaultdict(set)
    of_people = visible.filter(email_canonical__in=wanted).values_list("email_canonical", "pk")
    of_contacts = contacts.filter(person__in=visible).values_list("canonical", "person_id")
    for email, key in of_people.union(of_contacts):
        keys[email or ""].add(key)
    single = {email: key for email, owners in keys.items() if len(owners) == 1 for key in owners}
    people = visible.in_bulk(single.values())
    return {email: people[key] for email, key in sorted(single.items()) if key in people}


def full_name(values: PersonValues) -> str:
    parts = (values.get("firstname"), values.get("middlename"), values.get("lastname"))
    return " ".join(part for part in parts if part)


class _Search:
    """The people that an input finds in each way, read once."""

    def __init__(
        self,
        values: PersonValues,
        actor: Actor,
        match_field: str | None,
        people: QuerySet[Person] | None,
    ) -> None:
        self.values = values
        self.reach = Reach(values, actor)
        self._actor = actor
        self._match_field = match_field
        self._people = people
        self._found: dict[PeopleMatch, list[Person]] = {}

    @property
    def _visible(self) -> QuerySet[Person]:
        # Made only where it is needed: most rows of an import mean somebody new.
        return Person.objects.visible_to(self._actor) if self._people is None else self._people

    def by(self, way: PeopleMatch) -> list[Person]:
        if way not in self._found:
            people = self._read_ahead(way) if self._people is None else None
            if people is None:
                matching = self._matching(way)
                people = [] if matching is None else list(matching.order_by("pk")[:MOST_NAMED])
            self._found[way] = people
        return self._found[way]

    def _read_ahead(self, way: PeopleMatch) -> list[Person] | None:
        """Return the people whom a batch has read ahead; None if it has not."""
        keys: set[int] | None = None
        if way is PeopleMatch.EXTERNAL_ID:
            same = external_ids.find(Person, self.values, actor=self._actor)
            return [] if same is None else [same]
        if way is PeopleMatch.ID:
            key = self.values.get("id")
            keys = set() if saving.is_none_given(key) else {parse_id(key) or 0}
        elif way is PeopleMatch.EMAIL:
            keys = known_owners(EMAILS, without_absent(self.reach.emails))
        elif way is PeopleMatch.PHONE:
            keys = known_owners(PHONES, without_absent(self.reach.phones))
        if not keys:
            return None if keys is None else []
        found = [kept_row(Person, key) for key in sorted(keys)]
        return None if None in found else [person for person in found if person is not None]

    def _matching(self, way: PeopleMatch) -> QuerySet[Person] | None:
        if way in (PeopleMatch.ID, PeopleMatch.UUID):
            key = self.values.get("id")
            # Clients send the UUID in the same field as the id.
            if saving.is_none_given(key) or (way is PeopleMatch.UUID and parse_id(key) is not None):
                return None
            # An id that does not exist for the actor is an error, not a new record.
            return self._visible.filter(pk=pick(self._visible, key).pk)
        if way is PeopleMatch.EXTERNAL_ID:
            same = external_ids.find(Person, self.values, actor=self._actor)
            return None if same is None else self._visible.filter(pk=same.pk)
        if way is PeopleMatch.CUSTOM_FIELD:
            equal: QuerySet[Person] | None = with_custom_field(
                self._visible, str(self._match_field), self.values, self._actor
            )
            return equal
        email = way is PeopleMatch.EMAIL
        keys = without_absent(self.reach.emails if email else self.reach.phones)
        if not keys:
            return None
        visible, contacts = self._visible, Contact.objects.visible_to(self._actor)
        if email:
            of_contacts = contacts.filter(type__kind=ContactKind.EMAIL, canonical__in=keys)
            of_people = visible.filter(email_canonical__in=keys)
            # One set of keys, each part by its own index.
            both = of_people.values("pk").union(of_contacts.values("person_id"))
            return visible.filter(pk__in=both)
        of_contacts = contacts.filter(type__kind__in=PHONES, canonical__in=keys)
        return visible.filter(pk__in=of_contacts.values("person_id"))


def _check_other_keys(
    person: Person, way: PeopleMatch, match: Sequence[PeopleMatch], search: _Search
) -> None:
    """Refuse a match where another key than the phone belongs to somebody else."""
    for other in match:
        found = search.by(other) if other not in (way, PeopleMatch.PHONE) else []
        if found and person not in found:
            message = f"{way} and {other} belong to different people"
            raise _conflict(message, [person, *found], [way, other])


def _check_phone_match(person: Person, search: _Search) -> None:
    """Refuse a match by phone of somebody who has another e-mail or another name than the input."""
    if search.reach.emails and person.email_canonical:
        message = "The phone number belongs to a person with another e-mail address"
        raise _conflict(message, [person], [PeopleMatch.PHONE])
    name, stored = name_key(full_name(search.values)), name_key(person.name)
    if name and stored and name != stored:
        message = "The phone number belongs to a person with another name"
        raise _conflict(message, [person], [PeopleMatch.PHONE])


def _conflict(message: str, people: Sequence[Person], ways: Sequence[PeopleMatch]) -> Conflict:
    ids = [str(person.pk) for person in people]
    # In the message too: reports of imports have nothing else.
    listed = f"{message}: {', '.join(ids)}."
    return Conflict(ConflictReason.MATCH, listed, ids=ids, keys=[way.value for way in ways])


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
