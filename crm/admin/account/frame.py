"""The frame of the admin around a page."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django_stubs_ext import StrOrPromise


class InAdmin:
    """Mixin: gives a page the frame of the admin."""

    title: StrOrPromise
    request: HttpRequest

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]  # of the view
        return {
            **context,
            **admin.site.each_context(self.request),
            "title": str(self.title),
            "subtitle": None,
        }
