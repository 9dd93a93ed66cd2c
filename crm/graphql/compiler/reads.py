"""The compiled read of one root field: its base classes, and the read of a single row."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import DatabaseError
from django.utils.functional import cached_property
from graphql import FieldNode, GraphQLField, ListValueNode, ObjectValueNode, ValueNode, VariableNode
from graphql.execution.values import get_argument_values

from crm.actors import Actor
from crm.database.keys import named_key
from crm.database.piggyback import Piggyback
from crm.database.statements import NotCompilable, Parameter, Statement
from crm.graphql.compiler.bounds import Lengths
from crm.graphql.compiler.columns import Columns
from crm.graphql.compiler.pages import Start, order_sql, page_sql
from crm.graphql.core.arguments import Values
from crm.graphql.core.single import SingleField
from crm.graphql.lists.ordering import Key
from crm.models.base import visible_rows

KEY = Parameter("key")


def _holds_variable(value: ValueNode) -> bool:
    if isinstance(value, ListValueNode):
        return any(_holds_variable(item) for item in value.values)
    if isinstance(value, ObjectValueNode):
        return any(_holds_variable(field.value) for field in value.fields)
    return isinstance(value, VariableNode)


@dataclass
class Read(ABC):
    """A compiled root field; it serves all requests of a document and a class of actors."""

    definition: GraphQLField
    node: FieldNode

    def __post_init__(self) -> None:
        values = [argument.value for argument in self.node.arguments]
        self._is_constant = not any(_holds_variable(value) for value in values)
        self._arguments: Values | None = None

    @abstractmethod
    def begin(self, actor: Actor, variables: Values) -> "PendingRead":
        """Prepare the read for one request, if the compiler can run it."""

    def arguments(self, variables: Values) -> Values:
        """Return the field's arguments; they are coerced only once where they have no variable."""
        if not self._is_constant:
            return get_argument_values(self.definition, self.node, dict(variables))
        if self._arguments is None:
            self._arguments = get_argument_values(self.definition, self.node, {})
        return self._arguments


class PendingRead(ABC):
    """The read of one request before its result is known; ``first`` is its first statement, if any."""

    first: Piggyback | None

    @abstractmethod
    def json(self) -> bytes:
        """Return the value of the field; refuse if only the standard executor can."""


@dataclass
class FailedRead(PendingRead):
    """A read that failed while it was prepared: its field becomes an error, others do not."""

    error: DatabaseError
    first: None = None

    def json(self) -> bytes:
        raise self.error


@dataclass
class PendingSingleRead(PendingRead):
    first: Piggyback
    lengths: Lengths

    def json(self) -> bytes:
        found = self.first.texts()
        # The standard executor knows how to report a row that is not there.
        if not found or found[0][0] is None:
            raise NotCompilable("not found")
        self.lengths.check([found[0][0]])
        return found[0][0]


@dataclass
class SingleRead(Read):
    """One row by its key."""

    field: SingleField
    columns: Columns
    lengths: Lengths
    #: An actor with parameters in place of its ids.
    symbolic: Actor

    @cached_property
    def _statements(self) -> Mapping[str, Statement]:
        rows = visible_rows(self.columns.model, self.symbolic)
        start = Start((Key("pk", self.columns.model._meta.pk, False),))
        return {
            name: Statement.of(
                *self.columns.select_from(
                    page_sql(rows.filter(**{name: KEY}), start, self.columns.needed, limit=1),
                    order=order_sql(start.keys),
                )
            ).refuse_moments()
            for name in ("pk", "uuid")
            if name == "pk" or hasattr(self.columns.model, "uuid")
        }

    def begin(self, actor: Actor, variables: Values) -> PendingSingleRead:
        named = named_key(self.columns.model, self.arguments(variables)["id"])
        if named is None:
            raise NotCompilable("not found")
        name, value = named
        values = {"company": actor.company_id, "user": actor.user_id, "key": value}
        return PendingSingleRead(Piggyback(self._statements[name], values), self.lengths)
