"""Views that are imported when they are first called, so that management commands load no GraphQL."""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.module_loading import import_string

View = Callable[..., HttpResponseBase]

_paths: list[str] = []


def lazy_view(path: str) -> View:
    """Return a view that imports the one at a path when first called; ``csrf_exempt`` must wrap this one."""
    _paths.append(path)

    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return _load(path)(request, *args, **kwargs)

    return view


def load_views() -> None:
    """Import all views. Servers do so at start, so that no request waits for it."""
    import_module(settings.ROOT_URLCONF)
    for path in _paths:
        _load(path)


@cache
def _load(path: str) -> View:
    view: View = import_string(path)
    return view
