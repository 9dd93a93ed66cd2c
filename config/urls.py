"""URLs of the product."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import RedirectView

from config.lazy_views import lazy_view
from crm.downloads import download, download_export, download_rejects, preview
from crm.sign_in.pages import invitation

handler500 = "config.failures.server_error"

# An address of the admin that was chosen is told to nobody.
FROM_ROOT = [path("", RedirectView.as_view(pattern_name="admin:index"))]

urlpatterns = [
    path(settings.ADMIN_URL, include("config.account_urls")),
    path(settings.ADMIN_URL, admin.site.urls),
    *(FROM_ROOT if settings.ADMIN_URL == "admin/" else []),
    path("graphql", csrf_exempt(lazy_view("config.graphql_view.graphql_view")), name="graphql"),
    path("graphql/stream", csrf_exempt(lazy_view("crm.graphql.sse.streams_unsupported")), name="stream"),
    path("invitation", invitation, name="invitation"),
    path("exports/<uuid:key>", download_export, name="export"),
    path("files/<uuid:key>", download, name="file"),
    path("files/<uuid:key>/preview", preview, name="file_preview"),
    path("imports/<uuid:key>/rejects", download_rejects, name="import_rejects"),
    path(
        "receivers/<uuid:identifier>", csrf_exempt(lazy_view("leads.intake.receiver_view")), name="receiver"
    ),
    path("mail", csrf_exempt(lazy_view("leads.mail_intake.mail_view")), name="mail"),
    path("calendar/<str:secret>.ics", lazy_view("crm.calendar_feeds.calendar_feed"), name="calendar"),
    path("healthz", lazy_view("config.health.healthz")),
    path("readyz", lazy_view("config.health.readyz")),
]
