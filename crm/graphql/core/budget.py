"""The budget of one answer: objects and bytes, counted while it is made, and the lists that were cut."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.conf import settings

from crm.graphql.core.errors import OverBudget

OBJECTS, BYTES = "objects", "bytes"
#: JSON writes a character in six bytes at most, and a number, true, false or null in fewer than 32.
LARGEST_CHARACTER = 6
LARGEST_NUMBER = 32
#: Quotes, colon and comma of a key.
PUNCTUATION = 4
#: Paths of cut lists in one answer.
MOST_TRUNCATED = 100
#: Even where little is left, values of this many bytes are read with their rows.
SMALLEST_SHARE = 1_024

Path = list[str | int]


@dataclass(kw_only=True)
class Budget:
    """The budget of one answer.

    Rows are counted twice: when lists are loaded, so that a list never brings more rows into memory than the
    answer may hold, and when objects are completed, since one loaded row may stand in many places.
    """

    most_objects: int
    most_bytes: int
    completed: int = 0
    #: Characters of keys and texts: the answer has at least so many bytes.
    characters: int = 0
    #: Values whose bytes are not counted, such as numbers.
    others: int = 0
    loaded_objects: int = 0
    loaded_bytes: int = 0
    #: The limit that was exceeded while rows were loaded.
    exceeded: str | None = None
    truncated: list[Path] = field(default_factory=list)

    @classmethod
    def of_request(cls) -> "Budget":
        return cls(most_objects=settings.GRAPHQL_MAX_OBJECTS, most_bytes=settings.GRAPHQL_MAX_ANSWER_BYTES)

    def complete_object(self, characters: int, fields: int) -> None:
        """Count an object with so many characters in its keys; refuse it if it is one too many."""
        self.completed += 1
        self.characters += characters
        self.others += fields
        if self.exceeded is not None:
            raise self.error(self.exceeded)
        if self.completed > self.most_objects:
            raise self.error(OBJECTS)
        if self.characters > self.most_bytes:
            raise self.error(BYTES)

    def complete_text(self, length: int) -> None:
        self.characters += length
        if self.characters > self.most_bytes:
            raise self.error(BYTES)

    def error(self, limit: str) -> OverBudget:
        self.exceeded = limit
        return OverBudget(limit, self.most_objects if limit == OBJECTS else self.most_bytes)

    @property
    def fits_surely(self) -> bool:
        """Whether the answer has few enough bytes, however it is written."""
        largest = LARGEST_CHARACTER * self.characters + LARGEST_NUMBER * (self.completed + self.others)
        return largest <= self.most_bytes

    @property
    def rows_left(self) -> int:
        """The number of rows that may still be loaded for lists; none once the budget is exceeded."""
        return 0 if self.exceeded else self.most_objects - self.loaded_objects

    def load_rows(self, number: int) -> bool:
        """Count loaded rows; return whether there is room for them.

        It does not raise, for the mutation that loads its answer is stored: completing the answer raises.
        """
        if number > self.rows_left:
            self.exceeded = self.exceeded or OBJECTS
            return False
        self.loaded_objects += number
        return True

    def load_bytes(self, number: int) -> bool:
        """Count the bytes of loaded values; return whether there is room for them."""
        if self.exceeded or self.loaded_bytes + number > self.most_bytes:
            self.exceeded = self.exceeded or BYTES
            return False
        self.loaded_bytes += number
        return True

    def share(self, rows: int) -> int:
        """Return how many bytes a value of each of some rows may have to be read at once with its row."""
        return max(SMALLEST_SHARE, (self.most_bytes - self.loaded_bytes) // max(rows, 1))

    def truncate(self, path: Sequence[str | int]) -> None:
        """Note the path of a list that has more rows than are answered."""
        if len(self.truncated) < MOST_TRUNCATED:
            self.truncated.append(list(path))
