"""The contact types that all companies share, by what they mean."""

from people.models import ContactType


def type_id(kind: str) -> str:
    """Return the id of the shared contact type EMAIL, PHONE or CELLPHONE."""
    return str(ContactType.objects.get(company=None, kind=kind).pk)
