"""URLs of the product."""

from django.conf import settings
from django.contrib import admin
from django.urls import path

from config.health import healthz, readyz
from config.schema import schema
from crm.downloads import download
from crm.graphql.http import GraphQLView
from crm.graphql.sse import streams_unsupported
from leads.intake import ReceiverView

urlpatterns = [
    path(settings.ADMIN_URL, admin.site.urls),
    path("graphql", GraphQLView.as_view(schema=schema.graphql_schema), name="graphql"),
    path("graphql/stream", streams_unsupported, name="stream"),
    path("files/<uuid:key>", download, name="file"),
    path("receivers/<uuid:identifier>", ReceiverView.as_view(), name="receiver"),
    path("healthz", healthz),
    path("readyz", readyz),
]
