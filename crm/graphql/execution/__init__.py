"""Prepares and runs GraphQL operations for every transport: HTTP, WebSocket, event stream and tests."""

from crm.graphql.execution.operations import Operation, Prepared, Refused
from crm.graphql.execution.preparing import check_document, prepare
from crm.graphql.execution.running import begin, execute, respond, run

__all__ = [
    "Operation",
    "Prepared",
    "Refused",
    "begin",
    "check_document",
    "execute",
    "prepare",
    "respond",
    "run",
]
