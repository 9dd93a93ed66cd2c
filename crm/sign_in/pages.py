"""Pages for people who are not signed in: a locked account, and the link of an invitation."""

from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import login
from django.contrib.auth.forms import SetPasswordForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from crm.authentication import COMPANY_IN_SESSION
from crm.errors import NotFound
from crm.models import Invitation, User
from crm.models.tokens import hash_token
from crm.services import invitations
from crm.services.invited_accounts import has_signed_up

#: The session's key for the hash of the link that was opened.
INVITATION_IN_SESSION = "invitation"


def locked_out(request: HttpRequest, seconds: int) -> HttpResponse:
    """Answer a sign-in to a locked account, or from a locked address: alike for all names."""
    minutes = -(-seconds // 60)
    response = _page(request, "locked_out", HTTPStatus.TOO_MANY_REQUESTS, minutes=minutes)
    response["Retry-After"] = str(seconds)
    response["Cache-Control"] = "no-store"
    return response


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest) -> HttpResponse:
    """Open the link of an invitation; only a form that is sent accepts it, since mail scanners open links."""
    raw = request.GET.get("token")
    if raw is not None:
        # Out of the address at once: it stays in the browser's history and in proxies' logs.
        hashed = hash_token(raw)
        if invitations.find_open(hashed) is None:
            return _void(request)
        request.session[INVITATION_IN_SESSION] = hashed
        return redirect("invitation")
    found = invitations.find_open(str(request.session.get(INVITATION_IN_SESSION, "")))
    if found is None:
        return _void(request)
    if has_signed_up(found.membership.user):
        return _join(request, found)
    return _choose_password(request, found)


def _choose_password(request: HttpRequest, found: Invitation) -> HttpResponse:
    user = found.membership.user
    form = SetPasswordForm(user, request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _page(request, "choose_password", form=form, invitation=found)
    try:
        membership = invitations.accept(found.hash, password=form.cleaned_data["new_password1"])
    except NotFound:
        return _void(request)
    login(request, membership.user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return _into_company(request, membership.company_id)


def _join(request: HttpRequest, found: Invitation) -> HttpResponse:
    user = request.user
    if not isinstance(user, User):
        # The link proves an address, not a password or a second factor, which the account may have.
        return redirect(f"{reverse('admin:login')}?{urlencode({'next': reverse('invitation')})}")
    if user.pk != found.membership.user_id:
        return _page(request, "other_account", HTTPStatus.FORBIDDEN, invitation=found)
    if request.method != "POST":
        return _page(request, "join", invitation=found)
    try:
        membership = invitations.accept(found.hash)
    except NotFound:
        return _void(request)
    del request.session[INVITATION_IN_SESSION]
    return _into_company(request, membership.company_id)


def _into_company(request: HttpRequest, company_id: int) -> HttpResponse:
    request.session[COMPANY_IN_SESSION] = company_id
    return redirect("admin:index")


def _void(request: HttpRequest) -> HttpResponse:
    return _page(request, "void", HTTPStatus.GONE)


def _page(request: HttpRequest, name: str, status: int = HTTPStatus.OK, **context: Any) -> HttpResponse:
    context = {**admin.site.each_context(request), "is_nav_sidebar_enabled": False, **context}
    return render(request, f"admin/sign_in/{name}.html", context, status=status)
