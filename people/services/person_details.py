"""Create, change or delete one contact, address or position of a person, by the rules of the lists."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction
from django.db.models import Model

from crm.actors import Action, Actor
from crm.errors import NotFound
from crm.services import locking, saving
from people.models import Address, Contact, ContactType, Employment, Person
from people.services.addresses import ADDRESS_TEXTS, AddressValues
from people.services.contacts import ContactValues
from people.services.employments import EmploymentValues
from people.services.people import PersonValues, update_person

#: The list in a person's input that rows of each model belong to.
LISTS: dict[type[Model], str] = {
    Contact: "contacts",
    Address: "address",
    Employment: "employment_history",
}


def _change_list(
    model: type[Any], person: Person, items: list[Any], *, place: int | None, actor: Actor
) -> None:
    """Store a person with one changed list; errors name the fields of the item at ``place`` only."""
    name = LISTS[model]
    prefix = f"{name}.{place}."
    try:
        update_person(person.pk, cast(PersonValues, {name: items}), actor=actor)
    except ValidationError as refused:
        # The list itself is too long: the input as a whole is what it has no room for.
        messages = {
            NON_FIELD_ERRORS if key == name else key: each for key, each in refused.message_dict.items()
        }
        raise ValidationError({key.removeprefix(prefix): messages[key] for key in messages}) from refused
    except NotFound as missing:
        raise NotFound(str(missing.details["argument"]).removeprefix(prefix)) from missing


def _rows_of(model: type[Any], person: Person) -> list[Any]:
    order = ("weight", "pk") if model is Contact else ("pk",)
    return list(model.objects.filter(person=person).order_by(*order))


def _lock(model: type[Any], key: object, actor: Actor) -> tuple[Any, Person]:
    """Return a visible row and its live person, locked."""
    row = model.objects.find(actor, key)
    try:
        person = locking.lock(Person, actor, row.person_id)
    except NotFound:
        raise NotFound from None
    return row, person


@transaction.atomic
def _create(model: type[Any], person_key: object, values: Any, *, argument: str, actor: Actor) -> Any:
    actor.require(Action.CHANGE_PEOPLE)
    if values.get("id") is not None:
        raise ValidationError({"id": ["A new row has no id yet: leave it out."]})
    person = locking.lock(Person, actor, person_key, argument=argument)
    rows = _rows_of(model, person)
    items = [*({"id": row.pk} for row in rows), values]
    _change_list(model, person, items, place=len(rows), actor=actor)
    before = {row.pk for row in rows}
    return next((row for row in _rows_of(model, person) if row.pk not in before), None)


@transaction.atomic
def _update(model: type[Any], key: object, values: Any, *, actor: Actor, check: Callable[[Any], None]) -> Any:
    actor.require(Action.CHANGE_PEOPLE)
    row, person = _lock(model, key, actor)
    rows = _rows_of(model, person)
    place = next(index for index, one in enumerate(rows) if one.pk == row.pk)
    check(rows[place])
    items: list[Any] = [{"id": one.pk} for one in rows]
    items[place] = {**values, "id": row.pk}
    _change_list(model, person, items, place=place, actor=actor)
    return row


@transaction.atomic
def _delete(model: type[Any], key: object, *, actor: Actor) -> None:
    actor.require(Action.CHANGE_PEOPLE)
    row, person = _lock(model, key, actor)
    kept = [{"id": one.pk} for one in _rows_of(model, person) if one.pk != row.pk]
    _change_list(model, person, kept, place=None, actor=actor)


def _need_value(values: Mapping[str, Any]) -> None:
    if not (values.get("value") or "").strip():
        raise ValidationError({"value": ["This field is required."]})


def create_contact(person_key: object, values: ContactValues, *, actor: Actor) -> Contact:
    """Add a contact to a person; an equal one is returned instead of a second."""
    _need_value(values)
    if saving.is_none_given(values.get("contacts_types_id")):
        raise ValidationError({"contacts_types_id": ["Choose a contact type."]})
    made = _create(Contact, person_key, values, argument="people_id", actor=actor)
    if made is None:
        # An equal contact existed, and took the value as it was sent now.
        person = Person.objects.find(actor, person_key, argument="people_id")
        type_ = ContactType.objects.find(actor, values["contacts_types_id"])
        made = Contact.objects.filter(person=person, type=type_, value=values["value"]).order_by("pk")[0]
    return cast(Contact, made)


def update_contact(key: object, values: ContactValues, *, actor: Actor) -> Contact:
    """Change the given fields of a contact; the primary e-mail follows."""

    def check(_row: Contact) -> None:
        if "value" in values:
            _need_value(values)

    return cast(Contact, _update(Contact, key, values, actor=actor, check=check))


def create_address(person_key: object, values: AddressValues, *, actor: Actor) -> Address:
    """Add an address to a person; the first one is the default."""
    _need_address(values)
    return cast(Address, _create(Address, person_key, values, argument="people_id", actor=actor))


def update_address(key: object, values: AddressValues, *, actor: Actor) -> Address:
    """Change the given fields of an address; one address stays the default."""

    def check(row: Address) -> None:
        _need_address({name: getattr(row, name) for name in ADDRESS_TEXTS} | dict(values))

    return cast(Address, _update(Address, key, values, actor=actor, check=check))


def _need_address(values: Mapping[str, Any]) -> None:
    if not any((values.get(name) or "").strip() for name in ADDRESS_TEXTS):
        raise ValidationError({"address": ["Enter at least one part of the address."]})


def create_employment(values: EmploymentValues, *, actor: Actor) -> Employment:
    """Add a position to a person; its organization becomes one of the person's."""
    if saving.is_none_given(values.get("peoples_id")):
        raise ValidationError({"peoples_id": ["Choose the person who has the position."]})
    person_key = values["peoples_id"]
    return cast(Employment, _create(Employment, person_key, values, argument="peoples_id", actor=actor))


def update_employment(key: object, values: EmploymentValues, *, actor: Actor) -> Employment:
    return cast(Employment, _update(Employment, key, values, actor=actor, check=lambda _row: None))


#: The next e-mail contact becomes the primary e-mail.
delete_contact = partial(_delete, Contact)
#: If it was the default, the oldest of the others becomes it.
delete_address = partial(_delete, Address)
#: Its organization stays one of the person's.
delete_employment = partial(_delete, Employment)
