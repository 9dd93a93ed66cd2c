"""The standard executor within the budget of an answer and the deadline of its request."""

from typing import Any

from graphql import (
    ExecutionContext,
    FieldNode,
    GraphQLError,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLOutputType,
    OperationType,
    is_non_null_type,
)
from graphql.pyutils import AwaitableOrValue, Path

from crm.database import deadlines
from crm.database.failures import after_commit
from crm.errors import TimedOut
from crm.graphql.core.budget import PUNCTUATION
from crm.graphql.core.errors import OverBudget
from crm.graphql.core.permissions import Context
from crm.json_encoding import encode_json


class BoundedExecution(ExecutionContext):
    """Counts the objects and the bytes of an answer while it is made, and checks the deadline at each object.

    A field below which the budget is exceeded is null as a whole: the rest of it would be cut by chance.
    """

    context_value: Context

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        fields: dict[str, list[FieldNode]],
    ) -> AwaitableOrValue[dict[str, Any]]:
        self._check_deadline()
        if path is not None:
            keys = sum(map(len, fields)) + PUNCTUATION * len(fields)
            self.context_value.budget.complete_object(keys, len(fields))
        return super().execute_fields(parent_type, source_value, path, fields)

    def _check_deadline(self) -> None:
        try:
            deadlines.check()
        except deadlines.RequestEnded as ended:
            if self.operation.operation is not OperationType.MUTATION:
                raise
            # The fields of a mutation's result: it has returned, so it is stored.
            raise after_commit(TimedOut()) from ended

    def complete_leaf_value(self, return_type: GraphQLLeafType, result: Any) -> Any:  # type: ignore[override]  # static there
        value = super().complete_leaf_value(return_type, result)
        if type(value) is str:
            self.context_value.budget.complete_text(len(value))
        elif isinstance(value, dict | list):
            self.context_value.budget.complete_text(len(encode_json(value)))
        return value

    def handle_field_error(self, error: GraphQLError, return_type: GraphQLOutputType, path: Path) -> None:
        over = error.original_error
        if not isinstance(over, OverBudget):
            return super().handle_field_error(error, return_type, path)
        if path.prev is not None:
            raise error
        if self.operation.operation is OperationType.MUTATION:
            over = over.after_mutation()
        located = GraphQLError(str(over), error.nodes, path=path.as_list(), original_error=over)
        if is_non_null_type(return_type):
            raise located
        return super().handle_field_error(located, return_type, path)
