"""Tags that are added to records and taken from them, whatever other tags these have."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from crm.models.tags import Tag
from crm.services.tags import TagValues
from crm.texts import name_key


@dataclass(frozen=True)
class TagChange:
    """Names of tags to add, which may be new ones, and tags to take away."""

    add: tuple[str, ...] = ()
    remove: tuple[Tag, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.add or self.remove)

    def applied_to(self, present: Iterable[Tag]) -> list[TagValues]:
        """Return all tags of a record that had those which are present."""
        kept: dict[str, TagValues] = {
            tag.name_key: {"tag": tag, "name": tag.name} for tag in present if tag not in self.remove
        }
        for name in self.add:
            kept.setdefault(name_key(name), {"name": name})
        return list(kept.values())

    def values(self, row: Any) -> dict[str, list[TagValues]]:
        """Return the input of a record for the service that stores it; nothing if no tag changes."""
        return {"tags": self.applied_to(row.tags.all())} if self else {}
