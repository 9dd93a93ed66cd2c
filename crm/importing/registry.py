"""Which rows the product can import: each app says what it knows of its own."""

from crm.importing.running import RowImport

ROW_IMPORTS: dict[str, type[RowImport]] = {}


def register(model: str, rows: type[RowImport]) -> None:
    """Make the rows of a kind of record importable.

    :param model: LEAD, PEOPLE or ORGANIZATION.
    """
    ROW_IMPORTS[model] = rows
