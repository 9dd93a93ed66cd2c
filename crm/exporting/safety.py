"""Keeps spreadsheets from running a text as a formula, so that the import reads it back unchanged."""

from crm.importing.apostrophes import NEEDS_APOSTROPHE, NEEDS_APOSTROPHE_ANYWHERE


def spreadsheet_safe(text: str) -> str:
    """Return a text with an apostrophe before it where a spreadsheet or the import would change it."""
    return f"'{text}" if NEEDS_APOSTROPHE.match(text) else text


def import_safe(text: str) -> str:
    """Return a text with an apostrophe before it where the import would take one off, or read nothing."""
    return f"'{text}" if NEEDS_APOSTROPHE_ANYWHERE.match(text) else text
