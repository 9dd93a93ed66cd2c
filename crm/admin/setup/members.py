"""The list of members with their invitations: each is sent again, withdrawn or ended from its row."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from crm.actors import Action, Actor, Role
from crm.admin.base import acting, assignable_users
from crm.admin.forms import message_of
from crm.admin.frame.fragments import is_fragment
from crm.errors import CrmError
from crm.models import Membership
from crm.services.invitations import resend_invitation, withdraw_invitation
from crm.services.members import deactivate_member

LIST = "admin:crm_membership_changelist"
#: The roles in the words of the choice, with what they may do.
ROLES = (
    (Role.AGENT.value, gettext_lazy("Agent: works with leads and people")),
    (Role.VIEWER.value, gettext_lazy("Viewer: looks")),
    (Role.MANAGER.value, gettext_lazy("Manager: sets up the sales process too")),
    (Role.ADMIN.value, gettext_lazy("Admin: manages the company too")),
)


def urls(site: admin.AdminSite) -> list[URLPattern]:
    """Return the addresses below the list of members."""
    pages: dict[str, Callable[..., HttpResponse]] = {
        "resend": require_POST(resend),
        "withdraw": require_POST(withdraw),
        "end": require_http_methods(["GET", "HEAD", "POST"])(end_page),
    }
    return [
        path(f"<int:object_id>/{name}/", site.admin_view(view), name=f"crm_membership_{name}")
        for name, view in pages.items()
    ]


def _managing(request: HttpRequest) -> Actor:
    actor = acting(request)
    if not actor.may(Action.MANAGE_COMPANY):
        raise PermissionDenied
    return actor


def _member(actor: Actor, key: int) -> Membership:
    found = Membership.objects.visible_to(actor).select_related("user", "company").filter(pk=key).first()
    if found is None:
        raise Http404
    return found


def resend(request: HttpRequest, object_id: int) -> HttpResponse:
    """Send an invitation again; the link of the mail before stops working."""
    return _act(request, object_id, resend_invitation, _("%(member)s is sent the invitation again."))


def withdraw(request: HttpRequest, object_id: int) -> HttpResponse:
    """Take an invitation back that was not accepted."""
    return _act(request, object_id, withdraw_invitation, _("The invitation of %(member)s is withdrawn."))


def _act(request: HttpRequest, key: int, act: Callable[..., object], done: str) -> HttpResponse:
    actor = _managing(request)
    member = _member(actor, key)
    try:
        act(member.user_id, actor=actor)
    except (ValidationError, CrmError) as refused:
        messages.error(request, f"{member.user}: {message_of(refused)}")
    else:
        messages.success(request, done % {"member": member.user})
    return redirect(LIST)


def end_page(request: HttpRequest, object_id: int) -> HttpResponse:
    """Ask who gets the open leads of a member who leaves, or end the membership."""
    actor = _managing(request)
    member = _member(actor, object_id)
    if request.method == "POST":
        return _end(request, member, actor)
    context: dict[str, Any] = {
        "title": _("End the membership of %(member)s") % {"member": member.user},
        "member": member,
        "heirs": assignable_users(actor).exclude(pk=member.user_id),
        "default_owner": member.company.default_owner,
        "is_oneself": member.user_id == actor.user_id,
    }
    if is_fragment(request):
        return TemplateResponse(request, "admin/crm/setup/end_membership.html", context)
    context |= admin.site.each_context(request)
    return TemplateResponse(request, "admin/crm/setup/end_membership_page.html", context)


def _end(request: HttpRequest, member: Membership, actor: Actor) -> HttpResponse:
    heir = request.POST.get("heir", "")
    try:
        deactivate_member(member.user_id, actor=actor, heir_key=heir or None)
    except (ValidationError, CrmError) as refused:
        messages.error(request, f"{member.user}: {message_of(refused)}")
    else:
        said = _("%(member)s is no member any more. On the page of the member you can take that back.")
        messages.success(request, said % {"member": member.user})
    return redirect(LIST if member.user_id != actor.user_id else "admin:index")
