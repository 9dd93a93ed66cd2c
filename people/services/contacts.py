"""Work out and store the contacts of a person from a client's input."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from django.core.exceptions import ValidationError

from crm.actors import Actor
from crm.caps import CONTACTS
from crm.database.inserts import insert_all
from crm.database.keys import parse_id
from crm.database.new_rows import new_row, relate
from crm.database.read_once import once
from crm.database.rows_ahead import kept_list
from crm.database.updates import save_columns
from crm.errors import NotFound
from crm.models import Company
from crm.services import nesting
from crm.services.history import Changes
from people.models import Contact, ContactKind, ContactType, Person
from people.models.canonical import canonical_email, has_email_form
from people.services.addresses import check_fields
from people.services.key_owners import note_present

#: The columns of a contact that may change.
CHANGED_CONTACT = ("type", "value", "canonical", "dialled", "weight", "updated_at")


class ContactValues(TypedDict, total=False):
    id: object
    contacts_types_id: object
    value: str | None
    weight: int | None


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
        check_fields(contact, path)
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
