"""The keys of an archive in the installation that reads it: the old ones and a distance for each table."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.contrib.contenttypes.models import ContentType
from django.db.models import Model

from crm.models import User


@dataclass(kw_only=True)
class Keys:
    """New keys of old ones. Rows keep their distances, so that no table of keys is held."""

    #: By table, what is added to its keys.
    distances: Mapping[type[Model], int]
    #: Accounts that were here before, or that are new, by their old keys.
    users: dict[int, int] = field(default_factory=dict)
    #: Those of them that were here before.
    known_users: set[int] = field(default_factory=set)
    #: Rows that all companies share, by model and old key.
    shared: dict[tuple[type[Model], int], int] = field(default_factory=dict)
    #: The content types of this installation by label, such as ``people.person``.
    content_types: dict[str, ContentType] = field(default_factory=dict)

    def of(self, model: type[Model], key: int) -> int:
        """Return the new key of a row."""
        if model is User:
            return self.users[key]
        return self.shared.get((model, key)) or key + self.distances[model]

    def known(self, model: type[Model], key: int) -> int | None:
        """Return the new key of a row whose key stands in a text: of one that is not in the archive, None."""
        if model is User:
            return self.users.get(key)
        return self.of(model, key) if model in self.distances else None
