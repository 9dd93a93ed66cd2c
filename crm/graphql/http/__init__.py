"""GraphQL over HTTP."""

from crm.graphql.http.endpoint import GraphQLView

__all__ = ["GraphQLView"]
