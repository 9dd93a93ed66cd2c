"""Addresses of the product."""

from django.conf import settings
from django.contrib import admin
from django.urls import path

from config.health import healthz, readyz

urlpatterns = [
    path(settings.ADMIN_URL, admin.site.urls),
    path("healthz", healthz),
    path("readyz", readyz),
]
