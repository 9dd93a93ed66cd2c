"""The compiled read of one field of the root, and that of a single row."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import DatabaseError
from graphql import FieldNode, GraphQLField, ListValueNode, ObjectValueNode, ValueNode, VariableNode
from graphql.execution.values import get_argument_values

from crm.actors import Actor
from crm.database.keys import named_key
from crm.database.piggyback import Piggyback
from crm.database.statements import NotCompilable, Statement
from crm.graphql.compiler.binding import KEY
from crm.graphql.compiler.columns import Columns
from crm.graphql.compiler.pages import Start, page_sql
from crm.graphql.core.single import SingleField
from crm.graphql.lists.ordering import Key


def _holds_variable(value: ValueNode) -> bool:
    if isinstance(value, ListValueNode):
        return any(_holds_variable(item) for item in value.values)
    if isinstance(value, ObjectValueNode):
        return any(_holds_variable(field.value) for field in value.fields)
    return isinstance(value, VariableNode)


@dataclass
class Read(ABC):
    """What is read for one field of the root."""

    definition: GraphQLField
    node: FieldNode

    def __post_init__(self) -> None:
        given = [argument.value for argument in self.node.arguments]
        self._is_constant = not any(_holds_variable(value) for value in given)
        self._arguments: dict[str, Any] | None = None

    @abstractmethod
    def begin(self, actor: Actor, variables: Mapping[str, Any]) -> "Reading":
        """Give the answer as far as it goes without the database.

        :raises NotCompilable: if only the standard executor can answer.
        :raises CrmError: if the arguments are refused.
        """

    def arguments(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Give the field's arguments; those without a variable are read once."""
        if not self._is_constant:
            return get_argument_values(self.definition, self.node, dict(variables))
        if self._arguments is None:
            self._arguments = get_argument_values(self.definition, self.node, {})
        return self._arguments


class Reading(ABC):
    """An answer that is about to be read; ``first`` is what the database is asked first, if that is known."""

    first: Piggyback | None

    @abstractmethod
    def answer(self) -> bytes:
        """Give the field's value as JSON.

        :raises NotCompilable: if only the standard executor can answer.
        :raises django.db.Error: if the database refuses.
        """


@dataclass
class FailedReading(Reading):
    """What the database refused while it was begun."""

    error: DatabaseError
    first: None = None

    def answer(self) -> bytes:
        raise self.error


@dataclass
class SingleReading(Reading):
    """A row that is looked for."""

    first: Piggyback

    def answer(self) -> bytes:
        found = self.first.texts()
        if not found or found[0][0] is None:
            raise NotCompilable("not found")
        return found[0][0]


@dataclass
class SingleRead(Read):
    """One row by its key."""

    field: SingleField
    columns: Columns
    symbolic: Actor

    @cached_property
    def _statements(self) -> Mapping[str, Statement]:
        rows = self.columns.model._default_manager.visible_to(self.symbolic)
        start = Start((Key("pk", self.columns.model._meta.pk, False),))
        return {
            name: Statement.of(
                *self.columns.of_rows(page_sql(rows.filter(**{name: KEY}), start, limit=1))
            ).refuse_moments()
            for name in ("pk", "uuid")
            if name == "pk" or hasattr(self.columns.model, "uuid")
        }

    def begin(self, actor: Actor, variables: Mapping[str, Any]) -> SingleReading:
        named = named_key(self.columns.model, self.arguments(variables)["id"])
        if named is None:
            raise NotCompilable("not found")
        name, value = named
        values = {"company": actor.company_id, "user": actor.user_id, "key": value}
        return SingleReading(Piggyback(self._statements[name], values))
