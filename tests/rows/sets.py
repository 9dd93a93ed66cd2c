"""Sets of rows: one row of each model, tied to each other, in one company.

The recipes of the rows are beside this file, by app. The walks over operations, lists and admin pages build
on these sets, so a new model joins all of them with one recipe.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeVar, cast

from django.db.models import Model

from crm.models import Company, Filesystem
from tests.factories.crm import Tenant

Row = TypeVar("Row", bound=Model)
Values = dict[str, Any]

# Counted over all sets: two sets in one company may have the same mark.
_numbers = count(1)


@dataclass(frozen=True)
class Recipe:
    """The recipe for the row of a model.

    ``kind`` is the name of the row in the walk over operations. ``values`` returns the columns; without
    ``make`` they are stored as they are.
    """

    kind: str
    values: Callable[["Rows"], Values]
    make: Callable[..., Model] | None = None


class Rows:
    """One row of each model in the company of a tenant. A row is made when it is first asked for."""

    def __init__(self, tenant: Tenant, mark: str, recipes: Mapping[type[Model], Recipe]) -> None:
        """Begin a set.

        :param mark: stands in the texts of all rows, so that a test can tell whose they are.
        """
        self.tenant = tenant
        self.mark = mark
        self._recipes = recipes
        self._rows: dict[type[Model], Model] = {Company: tenant.company}

    @property
    def company(self) -> Company:
        return self.tenant.company

    def __getitem__(self, model: type[Row]) -> Row:
        if model not in self._rows:
            self._rows[model] = self.make(model)
        return cast(Row, self._rows[model])

    def all(self) -> dict[type[Model], Model]:
        """Return the rows of all models."""
        return {model: self[model] for model in self._recipes}

    def make(self, model: type[Row], **values: object) -> Row:
        """Make a row that does not become the set's own, with some values that differ from the recipe's."""
        recipe = self._recipes[model]
        make = recipe.make or model._default_manager.create
        return cast(Row, make(**recipe.values(self) | values))

    def adopt(self, *rows: Model) -> None:
        """Take rows that a test made into the set; rows made later are tied to them."""
        self._rows |= {type(row): row for row in rows}

    def unique(self) -> str:
        """Return a text with the mark that no other row has, for names that stand once in a company."""
        return f"{self.mark} {next(_numbers)}"


def named(rows: Rows) -> Values:
    return {"company": rows.company, "name": rows.mark}


def named_once(rows: Rows) -> Values:
    return {"company": rows.company, "name": rows.unique()}


def with_file(rows: Rows) -> Values:
    return {"company": rows.company, "file": rows[Filesystem], "field_name": rows.mark}
