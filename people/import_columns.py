"""The columns of a file of people that hold names, contacts and addresses."""

from functools import lru_cache

from crm.records.row_import import MOST_REPEATED
from people.models import ContactKind
from people.services.addresses import ADDRESS_TEXTS

NAMES = ("firstname", "middlename", "lastname")
CONTACTS = {"email": ContactKind.EMAIL, "phone": ContactKind.PHONE, "cellphone": ContactKind.CELLPHONE}
#: Begins the column of a contact of any type, by its name.
CONTACT = "contacts."
#: Begins the columns of a further address, before its number.
ADDRESS = "address."


def base_column(column: str) -> str:
    """Return the column that one such as ``phone_2`` is a further one of."""
    base, _, number = column.rpartition("_")
    return base if number.isdigit() else column


# The rows of a file have few sets of columns.
@lru_cache(maxsize=1024)
def contact_columns(columns: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return the columns of contacts in their order, without the primary e-mail, each with its base."""
    pairs = (
        (column, base_column(column)) for column in sorted(columns, key=_contact_order) if column != "email"
    )
    return tuple(pair for pair in pairs if pair[1] in CONTACTS or pair[0].startswith(CONTACT))


@lru_cache(maxsize=1024)
def address_columns(columns: tuple[str, ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return what the columns of each address begin with, and the names of those that are given."""
    prefixes = ["", *(f"{ADDRESS}{number}." for number in range(2, MOST_REPEATED + 1))]
    given = (
        (prefix, tuple(name for name in ADDRESS_TEXTS if prefix + name in columns)) for prefix in prefixes
    )
    return tuple(pair for pair in given if pair[1])


def _contact_order(column: str) -> tuple[int, str]:
    order = list(CONTACTS)
    base = base_column(column)
    return (order.index(base) if base in order else len(order), column)
