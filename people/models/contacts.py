"""Contacts of a person (phone numbers, e-mail addresses) and postal addresses."""

from collections.abc import Collection
from typing import Any, ClassVar, Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from crm.actors import Actor
from crm.database.new_rows import relate
from crm.emails import LONGEST_EMAIL, NO_EMAIL, canonical_email, email_fault, has_email_form
from crm.models.base import Stamped, TenantModel, TenantQuerySet, pick
from crm.models.named import unique_name
from crm.models.texts import NameKeyField
from crm.texts import single_line
from people.models.canonical import contact_spellings
from people.models.person import Person
from people.models.phones import (
    LONGEST_DIALLED,
    canonical_phone,
    check_phone,
    cleaned_phone,
    dialled_number,
    is_bare_phone,
)


class ContactKind(models.TextChoices):
    """The meaning of a contact type: it decides how values are compared."""

    EMAIL = "EMAIL", "E-mail"
    PHONE = "PHONE", "Phone"
    CELLPHONE = "CELLPHONE", "Cellphone"
    OTHER = "OTHER", "Other"


class ContactTypeQuerySet(models.QuerySet["ContactType"]):
    def visible_to(self, actor: Actor) -> Self:
        # Types without a company are shared by all.
        return self.filter(Q(company=None) | Q(company_id=actor.company_id))

    def find(self, actor: Actor, key: object, *, argument: str = "id") -> "ContactType":
        return pick(self.visible_to(actor), key, argument=argument)


class ContactType(Stamped):
    """A kind of contact; those without a company are shared by all and cannot be changed."""

    company = models.ForeignKey(
        "crm.Company", on_delete=models.CASCADE, null=True, blank=True, editable=False, related_name="+"
    )
    name = models.CharField(max_length=120)
    name_key = NameKeyField()
    kind = models.CharField(max_length=9, choices=ContactKind.choices, default=ContactKind.OTHER)

    objects: ClassVar[models.Manager["ContactType"]] = ContactTypeQuerySet.as_manager()

    class Meta:
        constraints = [
            unique_name("contact_type_name_once", "contact type"),
            models.UniqueConstraint(
                fields=["name_key"], condition=Q(company=None), name="shared_contact_type_name_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_email(self) -> bool:
        return self.kind == ContactKind.EMAIL

    @property
    def is_phone(self) -> bool:
        return self.kind in (ContactKind.PHONE, ContactKind.CELLPHONE)

    def is_visible_to(self, actor: Actor) -> bool:
        return self.company_id in (None, actor.company_id)

    def cleaned(self, value: str) -> str:
        """Return the value of a contact of this type as it is stored.

        :raises ValidationError: if it is no phone number, or no e-mail address.
        """
        if self.is_phone:
            check_phone(value)
            return cleaned_phone(value)
        # Clients of the specification send phone numbers as the first contact type, which is that of e-mails.
        if self.is_email and not (has_email_form(value.strip()) or is_bare_phone(value)):
            raise ValidationError(email_fault(value) or NO_EMAIL, code="invalid")
        return single_line(value)


class Contact(TenantModel):
    """One way to reach a person."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="contacts")
    type = models.ForeignKey(ContactType, on_delete=models.RESTRICT, related_name="+")
    value = models.CharField(max_length=255)
    #: The form by which equal contacts are found; None for a phone number that no plan knows.
    canonical = models.CharField(max_length=LONGEST_EMAIL, null=True, blank=True, editable=False)
    #: The phone number without its extension, by which a whole switchboard is found.
    dialled = models.CharField(max_length=LONGEST_DIALLED, null=True, blank=True, editable=False)
    weight = models.IntegerField(default=0)

    objects: ClassVar[TenantQuerySet["Contact"]] = TenantQuerySet["Contact"].as_manager()  # type: ignore[assignment]

    #: The stored type and value: one from before these rules is checked once it is changed.
    _stored: tuple[int | None, str | None] = (None, None)

    class Meta:
        indexes = [
            models.Index(fields=["company", "canonical"], name="contact_canonical"),
            models.Index(
                fields=["company", "dialled"], name="contact_dialled", condition=Q(dialled__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type}: {self.value}"

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Self:
        # By ``__dict__``: reading the attribute of a column that was deferred would cost a statement.
        contact = super().from_db(*args, **kwargs)
        contact._stored = contact.__dict__.get("type_id"), contact.__dict__.get("value")
        return contact

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        # Before texts are normalized: that would take control characters out of a number.
        if "value" not in (exclude or ()) and hasattr(self, "type") and self.value:
            self.set_value(self.type, self.value)
        super().clean_fields(exclude)

    def set_value(self, type_: ContactType, value: str) -> None:
        """Set the type and the value, in the form in which it is stored.

        :raises ValidationError: if it is no phone number, or no e-mail address.
        """
        if (type_.id, value) != self._stored:
            try:
                value = type_.cleaned(value)
            except ValidationError as refused:
                raise ValidationError({"value": refused.messages}) from refused
        self.type_id, self.value = type_.id, value
        relate(self, "type", type_)

    @property
    def spellings(self) -> list[str | None]:
        """The texts that the contact is searched by: value, canonical form, and digits of a phone."""
        return contact_spellings(self.value, self.canonical, is_phone=self.type.is_phone)

    @property
    def sameness(self) -> tuple[int, str]:
        """Key that a person has once: the contact type, with the canonical form or the digits."""
        return self.type_id, self.canonical or self.dialled or self.value

    def set_canonical(self, region: str | None) -> None:
        """Set the forms by which the contact is found.

        :param region: country code for phone numbers without an international prefix.
        """
        self.dialled = None
        if self.type.is_phone:
            self.canonical = canonical_phone(self.value, region)
            self.dialled = (dialled_number(self.value, region) or "")[:LONGEST_DIALLED] or None
        else:
            self.canonical = canonical_email(self.value)


class Address(TenantModel):
    """A postal address of a person."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="addresses")
    address = models.CharField(max_length=255, null=True, blank=True)
    address_2 = models.CharField(max_length=255, null=True, blank=True)
    city = models.CharField(max_length=120, null=True, blank=True)
    county = models.CharField(max_length=120, null=True, blank=True)
    state = models.CharField(max_length=120, null=True, blank=True)
    zip = models.CharField(max_length=32, null=True, blank=True)
    country = models.CharField(max_length=120, null=True, blank=True)
    is_default = models.BooleanField(default=False)

    objects: ClassVar[TenantQuerySet["Address"]] = TenantQuerySet["Address"].as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name_plural = "addresses"
        constraints = [
            models.UniqueConstraint(
                fields=["person"],
                condition=Q(is_default=True),
                name="address_one_default",
                violation_error_message="A person has one default address.",
            )
        ]

    def __str__(self) -> str:
        return ", ".join(part for part in (self.address, self.zip, self.city, self.country) if part)
