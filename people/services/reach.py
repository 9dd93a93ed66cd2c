"""The canonical e-mails and phones of a person's input, by which a stored person is found."""

from django.utils.functional import cached_property

from crm.actors import Actor
from crm.database.keys import parse_id
from people.models import ContactType
from people.models.canonical import canonical_email, has_email_form
from people.models.phones import canonical_phone
from people.services.contacts import ContactValues, contact_types, region_of_company
from people.services.duplicates import Reason
from people.services.people import PersonValues


class Reach:
    """The e-mails and phones of an input; contact types and region are read only if they are needed."""

    def __init__(self, values: PersonValues, actor: Actor) -> None:
        self._email = canonical_email(values.get("email"))
        self._contacts: list[ContactValues] = values.get("contacts") or []
        self._actor = actor

    @cached_property
    def emails(self) -> frozenset[str]:
        values = (value for type_, value in self._typed if type_.is_email)
        # Not by a text such as "none": everybody may have it.
        of_contacts = (canonical_email(value) for value in values if has_email_form(value.strip()))
        return frozenset(email for email in (self._email, *of_contacts) if email)

    @cached_property
    def typed_phones(self) -> tuple[str, ...]:
        """The phones as they are written."""
        return tuple(value for type_, value in self._typed if type_.is_phone)

    @cached_property
    def phones(self) -> frozenset[str]:
        if not self.typed_phones:
            return frozenset()
        region = region_of_company(self._actor)
        numbers = (canonical_phone(value, region) for value in self.typed_phones)
        return frozenset(number for number in numbers if number)

    @property
    def traits(self) -> frozenset[tuple[Reason, str]]:
        """The e-mails and phones as possible duplicates are found by them."""
        emails = frozenset((Reason.EMAIL, email) for email in self.emails)
        return emails | frozenset((Reason.PHONE, phone) for phone in self.phones)

    @cached_property
    def _typed(self) -> list[tuple[ContactType, str]]:
        """The contacts that have a value and a type that exists for the actor."""
        if not self._contacts:
            return []
        types = contact_types(self._actor)
        typed = ((types.get(parse_id(item.get("contacts_types_id")) or 0), item) for item in self._contacts)
        return [(type_, item.get("value") or "") for type_, item in typed if type_ is not None]
