"""The one function that runs GraphQL: HTTP, WebSocket, event stream and tests come through here."""

from crm.graphql.execution.operations import Operation, Prepared, Refused
from crm.graphql.execution.preparing import prepare
from crm.graphql.execution.running import execute, respond, run

__all__ = ["Operation", "Prepared", "Refused", "execute", "prepare", "respond", "run"]
