"""Cursors: positions in the event log, as clients store them."""

import base64
import re
from dataclasses import dataclass

from crm.errors import BadUserInput

PATTERN = re.compile(r"([0-9a-f]{12})\.([0-9]{1,19})")


@dataclass(frozen=True)
class Cursor:
    """The position after event number ``seq``. A new ``epoch`` starts a new sequence of numbers."""

    epoch: str
    seq: int

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(f"{self.epoch}.{self.seq}".encode()).decode().rstrip("=")


#: The cursor of an event that has no number yet.
NO_POSITION = Cursor("", 0)


def parse_cursor(text: object) -> Cursor:
    if isinstance(text, str):
        try:
            plain = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii")
        except ValueError:
            plain = ""
        found = PATTERN.fullmatch(plain)
        # Compared as text: the decoder also accepts other spellings of the same bytes.
        if found and str(cursor := Cursor(found[1], int(found[2]))) == text:
            return cursor
    raise BadUserInput("This is not an event cursor.")
