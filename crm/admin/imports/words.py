"""The refusals of the engine in the words of the pages, and which field of the form each is about."""

import re

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.languages.messages import translated

#: The option of a command by the field of the form that stands for it, and its label there.
FIELDS = {
    "encoding": ("encoding", _("Encoding")),
    "delimiter": ("delimiter", _("Between cells")),
    "header-row": ("header_row", _("Line of the titles")),
    "sheet": ("sheet", _("Sheet")),
    "name-order": ("name_order", _("Order of names")),
    "date-format": ("date_format", _("Form of dates")),
    "decimal": ("decimal", _("Before decimals")),
    "split": ("split", _("Several values in a cell")),
    "null-marker": ("null_markers", _("Further words for an empty cell")),
    "source": ("source", _("Ids are from")),
    "set": ("constants", _("The same in each row")),
    "split-phones": ("split_phones", _("Part cells with several phone numbers")),
    "on-match": ("on_match", _("Records that are known already")),
    "map": ("columns", _("Columns")),
    "column": ("columns", _("Columns")),
    "ignore-rest": ("columns", _("Columns")),
}
_COLUMN = re.compile(r"--column (\d+)=(\w*)")
_OPTION = re.compile(r"--([a-z]+(?:-[a-z]+)*)")


def field_asked_for(message: str) -> str:
    """Return the name of the field that a refusal asks for; empty if it asks for none."""
    found = _OPTION.search(message)
    if found is not None:
        return FIELDS.get(found[1], ("", ""))[0]
    if "the same in each row" in message:
        return "constants"
    # The mapping is refused by names of fields and columns.
    is_mapping = re.search(
        r"Missing columns|Unknown fields|occur twice|The file has (no|\d+) column", message
    )
    return "columns" if is_mapping else ""


def in_words_of_the_page(message: str) -> str:
    """Return a message in the language of the page, with its fields in place of options of a command."""
    said = _COLUMN.sub(_column, translated(message))
    # After the translation: translators keep the options, which are the same in all languages.
    said = said.replace(": --ignore-rest", ".")
    return _OPTION.sub(lambda found: str(FIELDS[found[1]][1]) if found[1] in FIELDS else found[0], said)


def _column(found: re.Match[str]) -> str:
    number, field = found[1], found[2]
    if field == "FIELD":
        return gettext("choose one for column %(number)s") % {"number": number}
    if not field:
        return gettext("column %(number)s as “Leave out”") % {"number": number}
    return gettext("column %(number)s as %(field)s") % {"number": number, "field": field}
