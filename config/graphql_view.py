"""The GraphQL endpoint with the schema of the product."""

from config.schema import schema
from crm.graphql.http import GraphQLView

graphql_view = GraphQLView.as_view(schema=schema.graphql_schema)
