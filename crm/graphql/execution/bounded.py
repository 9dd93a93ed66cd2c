"""graphql-core's execution, within the deadline of its request."""

from typing import Any

from graphql import ExecutionContext, GraphQLObjectType, OperationType
from graphql.pyutils import Path

from crm.database import deadlines
from crm.database.failures import after_commit
from crm.errors import TimedOut


class BoundedExecution(ExecutionContext):
    """Checks the deadline before each object: between two statements an answer can take any time."""

    def execute_fields(
        self, parent_type: GraphQLObjectType, source_value: Any, path: Path | None, fields: Any
    ) -> Any:
        try:
            deadlines.check()
        except deadlines.RequestEnded as ended:
            if self.operation.operation is not OperationType.MUTATION:
                raise
            # The fields of a mutation's result: it has returned, so it is stored.
            raise after_commit(TimedOut()) from ended
        return super().execute_fields(parent_type, source_value, path, fields)
