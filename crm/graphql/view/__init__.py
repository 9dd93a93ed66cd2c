"""GraphQL over HTTP."""

from crm.graphql.view.endpoint import GraphQLView

__all__ = ["GraphQLView"]
