"""The refusals of the engine in the words of the pages, and which field of the form each is about."""

import re

#: The option of a command by the field of the form that stands for it, and its label there.
FIELDS = {
    "encoding": ("encoding", "Encoding"),
    "delimiter": ("delimiter", "Between cells"),
    "header-row": ("header_row", "Line of the titles"),
    "sheet": ("sheet", "Sheet"),
    "name-order": ("name_order", "Order of names"),
    "date-format": ("date_format", "Form of dates"),
    "decimal": ("decimal", "Before decimals"),
    "split": ("split", "Several values in a cell"),
    "source": ("source", "Ids are from"),
    "split-phones": ("split_phones", "Part cells with several phone numbers"),
    "on-match": ("on_match", "Records that are known already"),
    "map": ("columns", "Columns"),
    "column": ("columns", "Columns"),
    "ignore-rest": ("columns", "Columns"),
}
_COLUMN = re.compile(r"--column (\d+)=(\w*)")
_OPTION = re.compile(r"--([a-z]+(?:-[a-z]+)*)")


def field_asked_for(message: str) -> str:
    """Return the name of the field that a refusal asks for; empty if it asks for none."""
    found = _OPTION.search(message)
    if found is not None:
        return FIELDS.get(found[1], ("", ""))[0]
    # The mapping is refused by names of fields and columns.
    is_mapping = re.search(
        r"Missing columns|Unknown fields|occur twice|The file has (no|\d+) column", message
    )
    return "columns" if is_mapping else ""


def in_words_of_the_page(message: str) -> str:
    """Return a message with fields of the page in place of options of the command line."""
    said = _COLUMN.sub(_column, message)
    said = said.replace(", or leave it out: --ignore-rest", ", or leave it out.")
    return _OPTION.sub(lambda found: FIELDS[found[1]][1] if found[1] in FIELDS else found[0], said)


def _column(found: re.Match[str]) -> str:
    if found[2] == "FIELD":
        return f"choose one for column {found[1]}"
    return f"column {found[1]} as {found[2]}" if found[2] else f"column {found[1]} as “Leave out”"
