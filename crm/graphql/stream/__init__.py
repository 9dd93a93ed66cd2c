"""GraphQL over Server-Sent Events, by the distinct connections mode of graphql-sse."""

from crm.graphql.stream.application import GraphQLStream
from crm.graphql.stream.elsewhere import not_here

__all__ = ["GraphQLStream", "not_here"]
