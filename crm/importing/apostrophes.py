"""The apostrophe with which spreadsheets and exports keep a text from being taken for something else."""

import re

#: Cells that say "nothing", whatever the column.
NULL_MARKERS = frozenset(
    {"NULL", "n/a", "N/A", "-", "#N/A", "0/0/00", "0.0.00", "00/00/0000", "00.00.0000", "0000-00-00"}
)
#: What a spreadsheet takes for the begin of a formula, full-width forms included.
FORMULA_SIGNS = "=+-@\t\r\uff1d\uff0b\uff0d\uff20"
_FORMULA = "[" + FORMULA_SIGNS.replace("-", "\\-") + "]"
_NUMBER = r"[0-9][0-9 ()/.\-]*\Z"
_NULL = rf"\s*(?:{'|'.join(sorted(map(re.escape, NULL_MARKERS)))})\s*\Z"
#: An apostrophe before a formula, a number, or a text that says "nothing". Exactly one is taken off, since
#: exports write one more before each text that has one.
APOSTROPHE = re.compile(rf"'(?='*(?:{_FORMULA}|{_NUMBER}|{_NULL}))")
#: A text that an export writes with an apostrophe before it.
NEEDS_APOSTROPHE = re.compile(rf"'*(?:{_FORMULA}|{_NULL})|'+{_NUMBER}")
#: The same where no spreadsheet will open the file.
NEEDS_APOSTROPHE_ANYWHERE = re.compile(rf"'+(?:{_FORMULA}|{_NUMBER})|'*{_NULL}")
