"""GraphiQL for browsers, from vendored files alone."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render

from crm.graphql.http.responses import GRAPHQL_RESPONSE, HTML, JSON, VARY, preferred_type

# GraphiQL's own style sheet holds its fonts and icons as data: addresses; no other page has those sources.
PAGE_POLICY = "; ".join(
    [
        "default-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    ]
)


def is_wanted(request: HttpRequest) -> bool:
    """Tell whether a request rather wants a page than data."""
    return request.method == "GET" and preferred_type(request, [JSON, GRAPHQL_RESPONSE, HTML]) == HTML


def is_served_to(request: HttpRequest) -> bool:
    """Tell whether this browser gets GraphiQL: in debug each, else signed-in users if it is switched on."""
    if settings.DEBUG:
        return True
    return settings.GRAPHIQL_ENABLED and request.user.is_authenticated


def page(request: HttpRequest) -> HttpResponse:
    """Give the page; its script reads address and CSRF token from ``data-`` attributes."""
    response = render(request, "graphiql.html", {"url": request.path, "csrf_token": get_token(request)})
    response["Content-Security-Policy"] = PAGE_POLICY
    response["Cache-Control"] = "no-store"
    response["Vary"] = VARY
    return response
