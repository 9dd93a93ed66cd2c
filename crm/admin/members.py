"""The admin pages of the members of a company, with their invitations."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.urls import URLPattern, reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.actors import Action, Role
from crm.admin.base import acting, assignable_users
from crm.admin.ends_sign_in import SIGN_IN_ACTIONS, EndsSignIn
from crm.admin.forms import ServiceForm
from crm.admin.labels import NONE
from crm.admin.setup import members as pages
from crm.admin.writing import CreatesThroughService, FormSet
from crm.languages.messages import translated
from crm.models import InvitationState, Membership, User
from crm.services.invitations import invite_or_add, resend_invitation, withdraw_invitation
from crm.services.lockout import unlock
from crm.services.members import save_membership

#: Of invitations that nobody waits for any more.
ENDED = (InvitationState.ACCEPTED, InvitationState.WITHDRAWN)


class MemberForm(ServiceForm[Membership]):
    """The form of a member, with the heir of the open leads of a member who leaves."""

    heir: forms.ModelChoiceField[User] = forms.ModelChoiceField(
        queryset=None,  # Set for each request: the heirs depend on the actor.
        required=False,
        label=_("Open leads go to"),
        help_text=_("When the membership ends, or the role becomes viewer. Empty: to the default owner."),
    )

    fields_of_arguments = {"reassign_to_id": "heir"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.actor is not None and "heir" in self.fields:
            heir: Any = self.fields["heir"]
            heir.queryset = assignable_users(self.actor).exclude(pk=self.instance.user_id)


class NewMemberForm(ServiceForm[Membership]):
    """The form of a new member, by e-mail address or username."""

    username = forms.CharField(
        label=_("E-mail address or username"),
        max_length=150,
        help_text=_(
            "An e-mail address gets a mail with a link, on which the person chooses a password. "
            "Another new name creates a user without a password; an operator sets one."
        ),
    )

    fields_of_arguments = {"email": "username"}

    class Meta:
        model = Membership
        fields = ("role",)

    def clean_username(self) -> str:
        # Ended memberships count too: they are activated again on their own page.
        name: str = self.cleaned_data["username"]
        if self.actor and Membership.objects.visible_to(self.actor).filter(user__username=name).exists():
            raise forms.ValidationError(gettext("This user is already a member of the company."))
        return name


@admin.register(Membership)
class MembershipAdmin(EndsSignIn, CreatesThroughService[Membership]):
    """The members of the current company; memberships are ended, never deleted."""

    form = MemberForm
    # The user of a membership never changes, so only a new one asks for a username.
    add_form = NewMemberForm
    add_fieldsets = ((None, {"fields": ("username", "role")}),)
    fields = ("user", "role", "is_active", "heir", "member_id", "capacity", "invited")
    readonly_fields = ("user", "invited")
    view_action = Action.MANAGE_COMPANY
    write_action = Action.MANAGE_COMPANY
    may_delete = False
    list_display = ("who", "role", "is_active", "last_seen", "invited", "tools")
    list_display_links = ("who",)
    change_list_template = "admin/crm/setup/members.html"
    list_filter = ("role", "is_active")
    list_select_related = ("user", "company", "invitation")
    search_fields = ("user__username", "user__displayname", "user__email")
    ordering = ("user__username", "pk")
    actions: Sequence[str] = ("resend_selected", "withdraw_selected", "unlock_selected", *SIGN_IN_ACTIONS)

    def get_urls(self) -> list[URLPattern]:
        return [*pages.urls(self.admin_site), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Membership]:
        """Annotate each member with when a browser of theirs was last used."""
        rows: Any = super().get_queryset(request)
        found: models.QuerySet[Membership] = rows.with_last_seen()
        return found

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        context = {
            "title": _("Members and invitations"),
            "roles": pages.ROLES,
            "may_invite": self.has_add_permission(request),
        }
        return super().changelist_view(request, {**context, **(extra_context or {})})

    @admin.display(description=_("member"), ordering="user__displayname")
    def who(self, member: Membership) -> str:
        name, address = str(member.user), member.user.email
        return (
            name if not address or address == name else format_html("{}<br><small>{}</small>", name, address)
        )

    @admin.display(description=_("last seen"), ordering="seen_at")
    def last_seen(self, member: Any) -> Any:
        return member.seen_at or gettext("Never")

    @admin.display(description="")
    def tools(self, member: Membership) -> str:
        """Return the buttons of a row; they post the form of the list to addresses of their own."""
        if not member.is_active:
            return ""
        invitation = getattr(member, "invitation", None)
        is_open = invitation is not None and invitation.state() not in ENDED
        button = '<button type="submit" formaction="{}" class="button quiet">{}</button>'
        link = '<a href="{0}" hx-get="{0}" hx-target="#frame-dialog-body" class="button quiet">{1}</a>'
        shown = (
            [(button, "resend", _("Send again")), (button, "withdraw", _("Withdraw"))]
            if is_open
            else [(link, "end", _("End"))]
        )
        parts = [
            (format_html(markup, reverse(f"admin:crm_membership_{name}", args=[member.pk]), label),)
            for markup, name, label in shown
        ]
        return format_html('<span class="row-tools">{}</span>', format_html_join(" ", "{}", parts))

    @admin.display(description=_("Invitation"), ordering="invitation__expires_at", empty_value=NONE)
    def invited(self, member: Membership) -> str | None:
        invitation = getattr(member, "invitation", None)
        if invitation is None:
            return None
        state = gettext(invitation.state().label)
        return (
            f"{state}: {translated(invitation.fault)}"
            if invitation.state() == InvitationState.FAILED
            else state
        )

    def heading_of(self, row: Membership) -> str:
        named = {"user": row.user, "company": row.company, "role": row.get_role_display()}
        return gettext("%(user)s in %(company)s: %(role)s") % named

    def make(self, request: HttpRequest, form: NewMemberForm) -> Membership:
        actor = acting(request)
        return invite_or_add(form.cleaned_data["username"], Role(form.cleaned_data["role"]), actor=actor)

    @admin.action(permissions=["write"], description=_("Send invitation again"))
    def resend_selected(self, request: HttpRequest, queryset: models.QuerySet[Membership]) -> None:
        actor = acting(request)
        self.for_each(
            request,
            queryset,
            lambda member: resend_invitation(member.user_id, actor=actor),
            done=gettext("Sent an invitation to %(rows)s."),
        )

    @admin.action(permissions=["write"], description=_("Withdraw invitation"))
    def withdraw_selected(self, request: HttpRequest, queryset: models.QuerySet[Membership]) -> None:
        actor = acting(request)
        self.for_each(
            request,
            queryset,
            lambda member: withdraw_invitation(member.user_id, actor=actor),
            done=gettext("Withdrew the invitation of %(rows)s."),
        )

    @admin.action(permissions=["write"], description=_("Unlock sign-in"))
    def unlock_selected(self, request: HttpRequest, queryset: models.QuerySet[Membership]) -> None:
        by = acting(request).user_id
        self.for_each(
            request, queryset, lambda member: unlock(member.user, by=by), done=gettext("Unlocked %(rows)s.")
        )

    def store(self, request: HttpRequest, form: MemberForm, formsets: Sequence[FormSet]) -> None:
        save_membership(form.instance, actor=acting(request), heir=form.cleaned_data["heir"])
