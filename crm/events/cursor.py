"""A place in the log of events, as clients keep it."""

import base64
import re
from dataclasses import dataclass

from crm.errors import BadUserInput

PLACE = re.compile(r"([0-9a-f]{12})\.([0-9]{1,19})")


@dataclass(frozen=True)
class Cursor:
    """The place after the event of number ``seq``; another ``epoch`` is another line of numbers."""

    epoch: str
    seq: int

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(f"{self.epoch}.{self.seq}".encode()).decode().rstrip("=")


#: Where an event stands that has no number yet.
NOWHERE = Cursor("", 0)


def parse_cursor(text: object) -> Cursor:
    """Read a cursor that a client gives back.

    :raises BadUserInput: if it never was one.
    """
    if isinstance(text, str):
        try:
            plain = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii")
        except ValueError:
            plain = ""
        found = PLACE.fullmatch(plain)
        if found and str(cursor := Cursor(found[1], int(found[2]))) == text:
            return cursor
    raise BadUserInput("This is no cursor of an event.")
