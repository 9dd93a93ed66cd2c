"""Caps on how many rows of a kind a record or a company holds (ADR 27); each service asks at its own lock."""

from dataclasses import dataclass

from django.core.exceptions import ValidationError


@dataclass(frozen=True, kw_only=True, eq=False)
class Cap:
    """The most rows of one kind that something holds; ``holder`` and ``rows`` are words for people."""

    most: int
    holder: str
    rows: str

    def check(self, *, before: int, after: int, field: str) -> None:
        """Refuse to grow above the cap; what was above it before may stay as it is, and shrink.

        The caller holds the lock that others wait for who add such rows, and has counted under it.

        :param field: the path of the input that names the rows.
        """
        if after > max(self.most, before):
            raise ValidationError(
                {
                    field: [
                        f"{self.holder} has at most {self.most} {self.rows}, and this would make {after}:"
                        " remove some first."
                    ]
                }
            )


CONTACTS = Cap(most=250, holder="A person", rows="contacts")
ADDRESSES = Cap(most=250, holder="A person", rows="addresses")
POSITIONS = Cap(most=250, holder="A person", rows="positions")
ORGANIZATIONS = Cap(most=250, holder="A person", rows="organizations")
TAGS = Cap(most=250, holder="A record", rows="tags")
CUSTOM_FIELDS = Cap(most=250, holder="A record", rows="custom fields")
DEFINITIONS = Cap(most=250, holder="A company", rows="definitions of custom fields")
CHOICES = Cap(most=250, holder="A definition", rows="choices")
IMPORT_MAPPINGS = Cap(most=250, holder="A company", rows="mappings of imports")
STAGES = Cap(most=100, holder="A pipeline", rows="stages")
ENDPOINTS = Cap(most=50, holder="A company", rows="webhook endpoints")
