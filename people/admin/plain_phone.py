"""The phone of a person as a plain input of the form, beside the rows of all other contacts."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.admin.forms import VersionedForm
from crm.admin.inlines import OwnRowsFormSet
from people.models import Contact, Person
from people.models.phones import check_phone
from people.services.contacts import ContactValues, phone_type


def phones_of(person: Person) -> list[Contact]:
    """Return the phones of a person as the page shows them, read once for it."""
    known: list[Contact] | None = vars(person).get("phones_of_page")
    if known is None:
        contacts = (
            () if person._state.adding else person.contacts.select_related("type").order_by("weight", "pk")
        )
        known = vars(person)["phones_of_page"] = [each for each in contacts if each.type.is_phone]
    return known


def has_plain_phone(person: Person | None) -> bool:
    """Return whether the phone is a plain input: of several, each has its row among the contacts."""
    return person is None or len(phones_of(person)) <= 1


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
        if not has_plain_phone(self.instance):
            self.fields.pop("phone", None)
        elif phones_of(self.instance):
            self.initial["phone"] = phones_of(self.instance)[0].value

    def clean_phone(self) -> str:
        phone: str = self.cleaned_data["phone"]
        # One from before the rules stays until it is changed.
        if phone and "phone" in self.changed_data:
            check_phone(phone)
        return phone

    def name_in_history(self, name: str) -> str:
        """Return how the history names a field of the form."""
        return "contacts" if name == "phone" else super().name_in_history(name)

    def with_phone(self, others: Sequence[ContactValues] | None) -> list[ContactValues]:
        """Return all contacts of the valid form, that of the plain input first.

        :param others: those of the rows; None if they were not posted, and stay.
        """
        stored = phones_of(self.instance)
        rows = list(others) if others is not None else self._stored_rows(stored)
        phone = self.cleaned_data.get("phone")
        if not phone:
            return rows
        type_key = stored[0].type_id if stored else phone_type().pk
        row: ContactValues = {"contacts_types_id": type_key, "value": phone}
        return [{**row, "id": stored[0].pk} if stored else row, *rows]

    def _stored_rows(self, phones: Sequence[Contact]) -> list[ContactValues]:
        plain = {each.pk for each in phones} if "phone" in self.fields else set()
        contacts = () if self.instance._state.adding else self.instance.contacts.order_by("weight", "pk")
        return [
            {"id": each.pk, "contacts_types_id": each.type_id, "value": each.value}
            for each in contacts
            if each.pk not in plain
        ]


class FurtherContacts(OwnRowsFormSet[Contact, Person]):
    """The rows of contacts, without the phone that has a plain input."""

    def get_queryset(self) -> Any:
        if not hasattr(self, "_queryset") and has_plain_phone(self.instance):
            rows: Any = self.queryset
            self.queryset = rows.exclude(pk__in=[each.pk for each in phones_of(self.instance)])
        return super().get_queryset()
