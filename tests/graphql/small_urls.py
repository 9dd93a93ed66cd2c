"""The small schema, served as the product's own is."""

from django.urls import path

from crm.graphql.http import GraphQLView
from tests.graphql.small_schema import schema

urlpatterns = [path("graphql", GraphQLView.as_view(schema=schema))]
