"""Filters of a list from one value to another, which are typed: ``min=12.000,50&max=20000``."""

from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib.admin.views.main import ERROR_FLAG, PAGE_VAR, ChangeList
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext


def range_in_words(first: str, last: str) -> str:
    """Return a range as a chip shows it, which may be open at one end; empty if it is at both."""
    if not first and not last:
        return ""
    if first and last:
        return gettext("%(first)s to %(last)s") % {"first": first, "last": last}
    said = gettext("from %(first)s") if first else gettext("up to %(last)s")
    return said % {"first": first, "last": last}


class TypedRange:
    """Mixin of a list filter: adds the range of two inputs of a form to its choices.

    A range that cannot be read finds nothing: a list, an export or a change of many that ignored it would
    look as if it were narrowed.
    """

    template: str = "admin/range_filter.html"
    #: The names of both inputs in the address.
    first_name: ClassVar[str]
    last_name: ClassVar[str]
    #: The starts of all parameters of the filter, which its range replaces.
    replaced: ClassVar[tuple[str, ...]]
    input_type: ClassVar[str] = "text"

    request: HttpRequest

    def read_range(self) -> tuple[str, Q]:
        """Return the range in words, and its condition; both empty if none is set.

        :raises ValueError: with a message for the person, if the range cannot be read.
        """
        raise NotImplementedError

    def take_from(self, params: dict[str, Any]) -> None:
        """Take the range out of the parameters: what is left in them is a lookup of a column to Django."""
        for name in self.names():
            params.pop(name, None)

    @classmethod
    def names(cls) -> set[str]:
        """Return the names in the address that Django does not know as those of the filter."""
        return {cls.first_name, cls.last_name}

    @property
    def typed(self) -> tuple[str, str]:
        """Return both bounds as they were typed."""
        given = self.request.GET
        return given.get(self.first_name, "").strip(), given.get(self.last_name, "").strip()

    @property
    def refused(self) -> str:
        """Return why the range cannot be read; empty if it can."""
        try:
            self.read_range()
        except ValueError as unclear:
            return str(unclear)
        return ""

    def kept(self) -> list[tuple[str, str]]:
        """Return the other parameters of the list, which the form sends along."""
        gone = (PAGE_VAR, ERROR_FLAG)
        return [
            (name, value)
            for name, values in self.request.GET.lists()
            for value in values
            if name not in gone and not name.startswith(self.replaced)
        ]

    def narrowed(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        try:
            _words, condition = self.read_range()
        except ValueError:
            return rows.none()
        return rows.filter(condition)

    def range_choice(self, changelist: ChangeList) -> Iterator[Any]:
        """Return the range that is set as the choice of a chip."""
        try:
            words, _condition = self.read_range()
        except ValueError as unclear:
            words = str(unclear)
        if words:
            yield {
                "selected": True,
                "query_string": changelist.get_query_string(),
                "display": words,
                "is_range": True,
            }
