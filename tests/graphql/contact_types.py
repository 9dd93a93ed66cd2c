"""The contact types that all companies share, by what they mean."""

from people.models import ContactType


def type_id(kind: str) -> str:
    """Give the id of the shared type EMAIL, PHONE or CELLPHONE."""
    return str(ContactType.objects.get(company=None, kind=kind).pk)
