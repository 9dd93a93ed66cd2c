"""The phone and the e-mail of a person as plain inputs of the form, and the rows of all other contacts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.admin.forms import VersionedForm
from crm.admin.inlines import OwnRowsFormSet
from people.models import Contact, Person
from people.models.phones import check_phone
from people.services.contacts import ContactValues, phone_type


@dataclass(frozen=True, kw_only=True)
class PlainContacts:
    """The contacts of a person that the form has inputs for; all others have their rows.

    Only of what the person has once. Otherwise a row would become plain when the other is removed in place,
    while the page still shows it as a row.
    """

    phone: Contact | None
    email: Contact | None
    #: Whether there is at most one phone.
    takes_phone: bool

    @property
    def keys(self) -> set[int]:
        return {each.pk for each in (self.phone, self.email) if each is not None}


def plain_contacts(person: Person | None) -> PlainContacts:
    """Return the contacts of a person as they were stored when the page was made, read once for it."""
    if person is None or person._state.adding:
        return PlainContacts(phone=None, email=None, takes_phone=True)
    known: PlainContacts | None = vars(person).get("plain_contacts")
    if known is None:
        contacts = list(person.contacts.select_related("type").order_by("weight", "pk"))
        phones = [each for each in contacts if each.type.is_phone]
        emails = [each for each in contacts if each.type.is_email]
        is_primary = len(emails) == 1 and emails[0].canonical == person.email_canonical
        known = vars(person)["plain_contacts"] = PlainContacts(
            phone=phones[0] if len(phones) == 1 else None,
            email=emails[0] if is_primary else None,
            takes_phone=len(phones) <= 1,
        )
    return known


def without_phone(fieldsets: Any) -> Any:
    """Return fieldsets without the phone, also as those see it who may only look."""
    return [(title, {**options, "fields": _without_phone(options["fields"])}) for title, options in fieldsets]


def _without_phone(names: Any) -> Any:
    kept = (name if isinstance(name, str) else _without_phone(name) for name in names)
    return tuple(name for name in kept if name not in ("phone", "main_phone"))


class PhoneForm(VersionedForm[Person]):
    """A form of a person with an input for the phone, where there is at most one."""

    phone = forms.CharField(
        required=False,
        max_length=255,
        label=_("Phone"),
        widget=forms.TextInput(attrs={"type": "tel", "class": "vTextField"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        plain = plain_contacts(self.instance)
        if not plain.takes_phone:
            self.fields.pop("phone", None)
        elif plain.phone is not None:
            self.initial["phone"] = plain.phone.value

    def clean_phone(self) -> str:
        phone: str = self.cleaned_data["phone"]
        # One from before the rules stays until it is changed.
        if phone and "phone" in self.changed_data:
            check_phone(phone)
        return phone

    def name_in_history(self, name: str) -> str:
        """Return how the history names a field of the form."""
        return "contacts" if name == "phone" else super().name_in_history(name)

    def all_contacts(self, others: Sequence[ContactValues] | None) -> list[ContactValues]:
        """Return all contacts of the valid form, those of plain inputs first.

        :param others: those of the rows; None if they were not posted, and stay.
        """
        plain = plain_contacts(self.instance)
        # The service has it follow the primary e-mail.
        first = [] if plain.email is None else [_row(plain.email)]
        phone = self.cleaned_data.get("phone")
        if phone and plain.phone is not None:
            first.append({**_row(plain.phone), "value": phone})
        elif phone:
            first.append({"contacts_types_id": phone_type().pk, "value": phone})
        return [*first, *(self._stored_rows(plain) if others is None else others)]

    def _stored_rows(self, plain: PlainContacts) -> list[ContactValues]:
        if self.instance._state.adding:
            return []
        rows = self.instance.contacts.order_by("weight", "pk")
        return [_row(each) for each in rows if each.pk not in plain.keys]


def _row(contact: Contact) -> ContactValues:
    return {"id": contact.pk, "contacts_types_id": contact.type_id, "value": contact.value}


class FurtherContacts(OwnRowsFormSet[Contact, Person]):
    """The rows of contacts, without those that have plain inputs."""

    def get_queryset(self) -> Any:
        if not hasattr(self, "_queryset"):
            rows: Any = self.queryset
            self.queryset = rows.exclude(pk__in=plain_contacts(self.instance).keys)
        return super().get_queryset()
