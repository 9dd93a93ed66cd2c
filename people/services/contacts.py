"""Work out and store the contacts and addresses of a person from a client's input."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from django.core.exceptions import ValidationError

from crm.actors import Actor
from crm.caps import ADDRESSES, CONTACTS
from crm.database.inserts import insert_all
from crm.database.keys import parse_id
from crm.database.new_rows import new_row, relate
from crm.database.read_once import once
from crm.database.rows_ahead import kept_list
from crm.database.updates import save_columns
from crm.errors import NotFound
from crm.models import Company
from crm.services import nesting, saving
from crm.services.history import Changes
from crm.texts import name_key
from people.models import Address, Contact, ContactKind, ContactType, Person
from people.models.canonical import canonical_email, has_email_form
from people.services.key_owners import note_present

#: The columns of a contact that may change.
CHANGED_CONTACT = ("type", "value", "canonical", "dialled", "weight", "updated_at")
ADDRESS_TEXTS = ("address", "address_2", "city", "county", "state", "zip", "country")


class ContactValues(TypedDict, total=False):
    id: object
    contacts_types_id: object
    value: str | None
    weight: int | None


class AddressValues(TypedDict, total=False):
    id: object
    address: str | None
    address_2: str | None
    city: str | None
    county: str | None
    state: str | None
    zip: str | None
    country: str | None
    is_default: bool | None


@dataclass(kw_only=True)
class ContactPlan:
    """The contacts that a person keeps or gains, and those to remove."""

    keep: list[Contact]
    remove: list[Contact]
    changed: set[int]
    before: list[str]

    def write(self, person: Person) -> Changes:
        """Store the plan and return the contacts before and after, empty if nothing changed."""
        if self.remove:
            Contact.objects.filter(pk__in=[contact.pk for contact in self.remove]).delete()
        new = [contact for contact in self.keep if contact._state.adding]
        for contact in new:
            contact.person_id = person.pk
            relate(contact, "person", person)
        insert_all(new)
        for contact in self.keep:
            if contact.pk in self.changed:
                save_columns(contact, CHANGED_CONTACT)
        note_present([person.email_canonical, *(contact.canonical for contact in self.keep)])
        if not (self.remove or new or self.changed):
            return {}
        return {"contacts": [self.before, [str(contact) for contact in self.keep]]}


def plan_contacts(
    person: Person, wanted: Sequence[ContactValues] | None, *, email_before: str | None, actor: Actor
) -> ContactPlan:
    """Plan a person's contacts and the primary e-mail, which is always one of them.

    :param wanted: the whole new list; None keeps the contacts and only follows the primary e-mail.
    """
    existing: list[Contact] = []
    if not person._state.adding:
        existing = _stored_contacts(person)
    before = [str(contact) for contact in existing]
    plan = ContactPlan(keep=list(existing), remove=[], changed=set(), before=before)
    if wanted is not None:
        _match(plan, person, existing, wanted, actor)
    _follow_email(plan, person, email_before)
    CONTACTS.check(before=len(existing), after=len(plan.keep), field="contacts")
    region = _region(plan, actor)
    for contact in plan.keep:
        canonical = contact.canonical
        contact.set_canonical(region)
        if not contact._state.adding and contact.canonical != canonical:
            plan.changed.add(contact.pk)
    return plan


def _stored_contacts(person: Person) -> list[Contact]:
    kept = kept_list(person, "contacts")
    if kept is None:
        return list(person.contacts.select_related("type").order_by("weight", "pk"))
    for contact in kept:
        relate(contact, "person", person)
    return sorted(kept, key=by_weight)


def by_weight(contact: Contact) -> tuple[int, int]:
    """Return the place of a contact in the order in which a person's contacts are listed."""
    return contact.weight, contact.pk


def _region(plan: ContactPlan, actor: Actor) -> str | None:
    national = any(contact.type.is_phone and not contact.value.startswith("+") for contact in plan.keep)
    return region_of_company(actor) if national else None


def region_of_company(actor: Actor) -> str:
    """Return the country code of phone numbers without a prefix, as the company has it now."""
    return once(
        (actor.company_id, "region"), lambda: Company.objects.only("region").get(pk=actor.company_id).region
    )


def contact_types(actor: Actor) -> Mapping[int, ContactType]:
    """Return the contact types that exist for the actor, by primary key."""
    return once(
        (actor.company_id, "contact types"),
        lambda: {type_.pk: type_ for type_ in ContactType.objects.visible_to(actor)},
    )


def email_type() -> ContactType:
    """Return the type of e-mail addresses, which all companies share."""
    return once("email type", lambda: ContactType.objects.get(company=None, kind=ContactKind.EMAIL))


def phone_type() -> ContactType:
    """Return the type of phone numbers, which all companies share."""
    return once("phone type", lambda: ContactType.objects.get(company=None, kind=ContactKind.PHONE))


def _match(
    plan: ContactPlan,
    person: Person,
    existing: Sequence[Contact],
    wanted: Sequence[ContactValues],
    actor: Actor,
) -> None:
    types = contact_types(actor)
    by_id = {contact.pk: contact for contact in existing}
    region = region_of_company(actor) if wanted else None
    plan.keep = []
    for index, item in enumerate(wanted):
        path = f"contacts.{index}"
        value = (item.get("value") or "").strip()
        contact = new_row(Contact, company_id=actor.company_id)
        relate(contact, "person", person)
        if item.get("id") is not None:
            known = by_id.get(parse_id(item["id"]) or 0)
            if known is None:
                raise NotFound(f"{path}.id")
            contact = known
            value = value if "value" in item else known.value
        if not value:
            continue
        type_key = item.get("contacts_types_id")
        if type_key is not None:
            type_ = types.get(parse_id(type_key) or 0)
            if type_ is None:
                raise NotFound(f"{path}.contacts_types_id")
        elif not contact._state.adding:
            type_ = contact.type
        else:
            raise ValidationError({f"{path}.contacts_types_id": ["Choose a contact type."]})
        with nesting.within(path):
            if contact._state.adding:
                contact = _equal(existing, type_, value, region) or contact
            _change(plan, contact, type_, value, item.get("weight"))
        _check_fields(contact, path)
        if contact._state.adding or contact not in plan.keep:
            plan.keep.append(contact)
    kept = {contact.pk for contact in plan.keep}
    plan.remove = [contact for contact in existing if contact.pk not in kept]


def _equal(existing: Sequence[Contact], type_: ContactType, value: str, region: str | None) -> Contact | None:
    """Return the contact of a person that has a value already, as it is typed or in another spelling."""
    if not existing:
        return None
    for contact in existing:
        if (contact.type_id, contact.value) == (type_.pk, value):
            return contact
    probe = Contact()
    probe.set_value(type_, value)
    probe.set_canonical(region)
    return {contact.sameness: contact for contact in existing}.get(probe.sameness)


def _change(plan: ContactPlan, contact: Contact, type_: ContactType, value: str, weight: int | None) -> None:
    before = contact.type_id, contact.value, contact.weight
    contact.set_value(type_, value)
    contact.weight = contact.weight if weight is None else weight
    if not contact._state.adding and (contact.type_id, contact.value, contact.weight) != before:
        plan.changed.add(contact.pk)


def _follow_email(plan: ContactPlan, person: Person, email_before: str | None) -> None:
    by_weight = sorted(plan.keep, key=lambda contact: contact.weight)
    emails = [contact for contact in by_weight if contact.type.is_email and has_email_form(contact.value)]
    by_canonical = {canonical_email(contact.value): contact for contact in emails}
    now, earlier = canonical_email(person.email), canonical_email(email_before)
    if now == earlier:
        # Nobody set the e-mail, so it follows the contacts.
        if now not in by_canonical:
            person.email = emails[0].value if emails else None
        return
    old = by_canonical.get(earlier)
    if now is None:
        # Clearing the e-mail removes its contact, and the next e-mail contact becomes primary.
        if old is not None:
            plan.keep.remove(old)
            if not old._state.adding:
                plan.remove.append(old)
        rest = [contact for contact in emails if contact is not old]
        person.email = rest[0].value if rest else None
    elif now not in by_canonical and person.email is not None:
        if old is not None:
            _change(plan, old, old.type, person.email, None)
        else:
            contact = new_row(Contact, company_id=person.company_id)
            relate(contact, "person", person)
            contact.set_value(email_type(), person.email)
            plan.keep.insert(0, contact)


def _check_fields(row: Contact | Address, path: str) -> None:
    with nesting.within(path):
        row.clean_fields(exclude=saving.relations_of(type(row)))


def replace_addresses(person: Person, wanted: Sequence[AddressValues], *, is_new: bool = False) -> Changes:
    """Replace the addresses of a person, exactly one of them the default; empty ones are ignored."""
    existing = {} if is_new else {address.pk: address for address in _stored_addresses(person)}
    before = {pk: _address_state(address) for pk, address in existing.items()}
    listed_before = [str(address) for address in existing.values()]
    keep: list[Address] = []
    claims: list[bool] = []
    for index, item in enumerate(wanted):
        address = Address(company_id=person.company_id, person=person)
        if item.get("id") is not None:
            known = existing.get(parse_id(item["id"]) or 0)
            if known is None:
                raise NotFound(f"address.{index}.id")
            address = known
        for name in ADDRESS_TEXTS:
            if name in item:
                setattr(address, name, item[name] or None)  # type: ignore[literal-required]  # listed above
        if "is_default" in item:
            address.is_default = bool(item["is_default"])
        if any(getattr(address, name) for name in ADDRESS_TEXTS) and address not in keep:
            _check_fields(address, f"address.{index}")
            keep.append(address)
            claims.append(bool(item.get("is_default")))
    ADDRESSES.check(before=len(existing), after=len(keep), field="address")
    # A default that the client names wins over the present one; without either it is the first.
    ranked = sorted(zip(keep, claims, strict=True), key=lambda pair: (not pair[1], not pair[0].is_default))
    chosen = ranked[0][0] if ranked else None
    for address in keep:
        address.is_default = address is chosen
    kept = {address.pk for address in keep}
    gone = [pk for pk in existing if pk not in kept]
    changed = [
        address for address in keep if address._state.adding or _address_state(address) != before[address.pk]
    ]
    if gone:
        Address.objects.filter(pk__in=gone).delete()
    # The constraint allows one default at a time, so the new one is written last.
    for address in sorted(changed, key=lambda row: row.is_default):
        if address._state.adding:
            insert_all([address])
        elif address.is_default == before[address.pk][-1]:
            save_columns(address, {*ADDRESS_TEXTS, "updated_at"})
        else:
            # At once: of changes that are written together no order is sure.
            address.save()
    if not (gone or changed):
        return {}
    return {"address": [listed_before, [str(address) for address in keep]]}


def _stored_addresses(person: Person) -> list[Address]:
    kept = kept_list(person, "addresses")
    if kept is None:
        return list(person.addresses.order_by("pk"))
    for address in kept:
        relate(address, "person", person)
    return sorted(kept, key=lambda address: address.pk)


def address_key(address: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what is equal for two addresses that differ only in case and spelling."""
    return tuple(name_key(address.get(name)) for name in ADDRESS_TEXTS)


def _address_state(address: Address) -> tuple[object, ...]:
    return (*(getattr(address, name) for name in ADDRESS_TEXTS), address.is_default)
