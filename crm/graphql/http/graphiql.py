"""The GraphiQL page, served from vendored files only."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render

from crm.graphql.http.responses import GRAPHQL_RESPONSE, HTML, JSON, VARY, preferred_type

# Wider than the policy of all other pages: GraphiQL's style sheet embeds fonts and icons as data: URLs.
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
    """Return whether the client prefers an HTML page to JSON."""
    return request.method == "GET" and preferred_type(request, [JSON, GRAPHQL_RESPONSE, HTML]) == HTML


def is_served_to(request: HttpRequest) -> bool:
    """Return whether GraphiQL is available: in debug to everybody, else to signed-in users if enabled."""
    if settings.DEBUG:
        return True
    return settings.GRAPHIQL_ENABLED and request.user.is_authenticated


def page(request: HttpRequest) -> HttpResponse:
    """Return the page. Its script reads the URL and the CSRF token from ``data-`` attributes."""
    response = render(request, "graphiql.html", {"url": request.path, "csrf_token": get_token(request)})
    response["Content-Security-Policy"] = PAGE_POLICY
    response["Cache-Control"] = "no-store"
    response["Vary"] = VARY
    return response
