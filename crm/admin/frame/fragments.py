"""Parts of pages: how views answer htmx, and where they lead back to.

A form of a page posts to a view that works without scripts: it stores, adds a message, and leads back by
``back_to``. With scripts the same form has ``hx-post``, ``hx-target`` and ``hx-select`` for the part of the
page that shows the change, so that one view serves both. See "Build a page" in docs/admin.md.
"""

from collections.abc import Mapping

from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.utils.html import format_html, format_html_join
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext


def is_fragment(request: HttpRequest) -> bool:
    """Return whether htmx asks for a part of a page, which it puts into the page that is open."""
    return request.headers.get("HX-Request") == "true"


def back_to(request: HttpRequest, otherwise: str) -> HttpResponseRedirect:
    """Lead back to the page that a form names as ``next``, if it is one of this site, else to another."""
    wanted = request.POST.get("next", "")
    is_own = wanted.startswith("/") and url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    answer = redirect(wanted if is_own else otherwise)
    assert isinstance(answer, HttpResponseRedirect)
    return answer


def message_with_undo(
    request: HttpRequest, text: str, address: str, fields: Mapping[str, object] | None = None
) -> None:
    """Add a message about what was done, with a button that posts to another address to undo it."""
    sent = {
        "csrfmiddlewaretoken": get_token(request),
        "next": request.POST.get("next", ""),
        **(fields or {}),
    }
    inputs = format_html_join("", '<input type="hidden" name="{}" value="{}">', sent.items())
    messages.success(
        request,
        format_html(
            '<span>{}</span> <form method="post" action="{}" data-unguarded>{}<button type="submit"'
            ' class="button quiet">{}</button></form>',
            text,
            address,
            inputs,
            gettext("Undo"),
        ),
    )
