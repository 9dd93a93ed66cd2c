"""A text of the search as fields of a new record."""

from crm.emails import has_email_form
from crm.importing.full_names import parted_name
from people.models.phones import is_bare_phone


def contact_of(text: str) -> dict[str, str]:
    """Return an e-mail address or a phone number by its field; empty of other texts."""
    if has_email_form(text):
        return {"email": text}
    return {"phone": text} if is_bare_phone(text) else {}


def names_of(text: str) -> dict[str, str]:
    """Return the names of a person by field."""
    return parted_name(text, ("firstname", "lastname"), "first-last")
