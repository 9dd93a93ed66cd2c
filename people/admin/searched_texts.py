"""A text of the search as fields of a new record."""

from crm.emails import has_email_form
from people.models.phones import is_bare_phone


def contact_of(text: str) -> dict[str, str]:
    """Return an e-mail address or a phone number by its field; empty of other texts."""
    if has_email_form(text):
        return {"email": text}
    return {"phone": text} if is_bare_phone(text) else {}


def names_of(text: str) -> dict[str, str]:
    """Return the names of a person: last name, first name; or first names and a last one; or one name."""
    last, comma, first = text.partition(",")
    if not comma:
        first, _, last = text.rpartition(" ") if " " in text else (text, "", "")
    names = {"firstname": first.strip(), "lastname": last.strip()}
    return {field: name for field, name in names.items() if name}
