"""The admin pages of a company's settings and of its members."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.actors import Action, Actor, Door, Role, system_actor
from crm.admin.base import acting, assignable_users
from crm.admin.ends_sign_in import SIGN_IN_ACTIONS, EndsSignIn
from crm.admin.forms import ServiceForm
from crm.admin.money import CurrencyField
from crm.admin.writing import CreatesThroughService, FormSet
from crm.importing.job_records import open_jobs
from crm.languages.messages import translated
from crm.models import Company, InvitationState, Membership, User
from crm.services.companies import ADDRESS, save_company
from crm.services.file_quota import most_bytes, most_files, usage_of
from crm.services.invitations import invite_or_add, resend_invitation, withdraw_invitation
from crm.services.lockout import unlock
from crm.services.members import save_membership


def _of(used: str, most: object) -> str:
    if most is None:
        return gettext("%(used)s of any number") % {"used": used}
    return gettext("%(used)s of %(most)s") % {"used": used, "most": most}


class CompanyForm(ServiceForm[Company]):
    currency = CurrencyField(
        label=_("Currency"), help_text=_("Of amounts that come without one; stored amounts keep theirs.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "currency" in self.fields:
            offered: Any = self.fields["currency"]
            offered.offer(self.instance.currency)


class CompanyAdmin(CreatesThroughService[Company]):
    """A company's settings, for its administrators and for superusers.

    Not registered here: making a company is the work of an app above.
    """

    form = CompanyForm

    view_action = Action.MANAGE_COMPANY
    write_action = Action.MANAGE_COMPANY
    may_delete = False
    list_display = ("name", "website", "country", "lead_visibility", "is_active")
    search_fields = ("name",)
    ordering = ("name", "pk")
    readonly_fields = ("uuid", "files", "file_sizes", "open_imports")
    owner_fields = ("default_owner",)
    fieldsets = (
        (None, {"fields": ("name", "website", "email", "phone", "uuid")}),
        (_("Address"), {"fields": ADDRESS, "classes": ("collapse",)}),
        (_("Region"), {"fields": ("region", "timezone", "language", "currency")}),
        ("API", {"fields": ("registered_documents_only",)}),
        (_("Sign-in"), {"fields": ("second_factor_required",)}),
        (_("Used"), {"fields": ("files", "file_sizes", "open_imports")}),
        (
            _("Leads"),
            {
                "fields": (
                    *("lead_visibility", "reason_lost_required", "flag_duplicate_leads", "default_owner"),
                    "amount_custom_field",
                )
            },
        ),
    )

    @admin.display(description=_("files"))
    def files(self, company: Company) -> str:
        return _of(str(usage_of(company.pk).files), most_files())

    @admin.display(description=_("size of files"))
    def file_sizes(self, company: Company) -> str:
        most = most_bytes()
        return _of(filesizeformat(usage_of(company.pk).bytes), most and filesizeformat(most))

    @admin.display(description=_("open imports"))
    def open_imports(self, company: Company) -> str:
        return _of(str(open_jobs(company.pk)), settings.OPEN_IMPORTS_PER_COMPANY or None)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Company]:
        """Return the current company; for superusers every company."""
        # Superusers set up companies that they are no members of.
        if request.user.is_superuser:
            return admin.ModelAdmin.get_queryset(self, request)
        return super().get_queryset(request)

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return bool(request.user.is_superuser) or super().has_view_permission(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return bool(request.user.is_superuser) or super().has_change_permission(request, obj)

    def store(self, request: HttpRequest, form: ServiceForm[Company], formsets: Sequence[FormSet]) -> None:
        save_company(form.instance, actor=self._manager(request, form.instance))

    def _manager(self, request: HttpRequest, company: Company) -> Actor:
        if request.user.is_superuser:
            # A superuser need not be a member, and then has no role in the company.
            return replace(system_actor(company.pk, door=Door.ADMIN), user_id=request.user.pk)
        return acting(request)


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
    list_display = ("user", "role", "is_active", "invited", "created_at")
    list_filter = ("role", "is_active")
    list_select_related = ("user", "company", "invitation")
    search_fields = ("user__username", "user__displayname", "user__email")
    ordering = ("user__username", "pk")
    actions: Sequence[str] = ("resend_selected", "withdraw_selected", "unlock_selected", *SIGN_IN_ACTIONS)

    @admin.display(description=_("Invitation"), ordering="invitation__expires_at", empty_value="-")
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
