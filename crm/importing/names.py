"""Finds rows by the names in cells: members, stages, statuses and the like."""

from collections import defaultdict
from collections.abc import Iterable

from django.core.exceptions import ValidationError

from crm.actors import Actor
from crm.emails import canonical_email, has_email_form
from crm.models import User
from crm.texts import name_key


class Names:
    """The ids of names, by name key. They are read once for an import, since these lists are short."""

    def __init__(self, column: str, pairs: Iterable[tuple[str, int]], *, unknown: str | None = None) -> None:
        self._column = column
        self._ids: dict[str, set[int]] = defaultdict(set)
        shown = []
        for name, pk in pairs:
            shown.append(name)
            self._ids[_key(name)].add(pk)
        self._unknown = unknown or f"Unknown name. Choose one of: {', '.join(shown) or 'none'}."

    def add(self, name: str, pk: int) -> None:
        """Let a further name find a row, unless it is the name of a row itself."""
        if _key(name) not in self._ids:
            self._ids[_key(name)].add(pk)

    def find(self, cell: str) -> int:
        found = self._ids.get(_key(cell), set())
        if not found:
            raise ValidationError({self._column: [self._unknown]})
        if len(found) > 1:
            raise ValidationError({self._column: [f"{len(found)} rows have this name. Rename them first."]})
        return next(iter(found))


class Members(Names):
    """The members of a company, by username, e-mail address or shown name; read when the first is named."""

    def __init__(self, actor: Actor, column: str = "owner") -> None:
        members = User.objects.visible_to(actor).values_list("username", "email", "displayname", "pk")
        pairs = [(name, pk) for *names, pk in members for name in names if name]
        super().__init__(column, pairs, unknown="No member has this username, e-mail address or name.")


def _key(name: str) -> str:
    # A member is named by the e-mail address too, in any of its spellings.
    return canonical_email(name) or "" if has_email_form(name) else name_key(name)
