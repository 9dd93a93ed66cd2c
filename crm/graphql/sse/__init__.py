"""GraphQL over Server-Sent Events, by the distinct connections mode of graphql-sse."""

from crm.graphql.sse.application import GraphQLStream
from crm.graphql.sse.unsupported import not_here

__all__ = ["GraphQLStream", "not_here"]
