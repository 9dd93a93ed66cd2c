"""GraphQL over WebSocket: the server side of the protocol graphql-transport-ws."""

from crm.graphql.websocket.consumer import GraphQLSocket

__all__ = ["GraphQLSocket"]
