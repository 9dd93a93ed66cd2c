"""GraphQL over Server-Sent Events: the distinct connections mode of the protocol graphql-sse."""

from crm.graphql.sse.application import GraphQLStream
from crm.graphql.sse.unsupported import streams_unsupported

__all__ = ["GraphQLStream", "streams_unsupported"]
