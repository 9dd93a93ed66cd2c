"""The pages of the second factor and of sessions: django-allauth's views in the look of the admin."""

from typing import Any, cast

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.account.views import ReauthenticateView
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.base.views import ReauthenticateView as CodeAgainView
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from django.contrib import admin, messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView, View

from crm.actors import Door
from crm.admin.account.frame import InAdmin
from crm.authentication import authenticate_session
from crm.database.keys import parse_id
from crm.errors import CrmError, NotFound
from crm.languages.messages import translated
from crm.services import browser_sessions, calendar_feeds, second_factor


class CodePage(InAdmin, AuthenticateView):
    """The second page of sign-in: a code of the authenticator app, or a recovery code."""

    title = _("Second factor")
    template_name = "account/code.html"


class PasswordAgainPage(InAdmin, ReauthenticateView):
    title = _("Confirm that it is you")
    template_name = "account/confirm.html"


class CodeAgainPage(InAdmin, CodeAgainView):
    title = _("Confirm that it is you")
    template_name = "account/confirm.html"


class AccountPage(InAdmin, TemplateView):
    """The second factor of the user, the browsers in which the user is signed in, and calendar addresses."""

    title = _("Sign-in and sessions")
    template_name = "account/account.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user: Any = self.request.user
        return {
            **super().get_context_data(**kwargs),
            "has_factor": second_factor.has_factor(user),
            "factor_required": second_factor.is_required(user),
            "sessions": browser_sessions.sessions_of(user),
            "calendars": calendar_feeds.calendars_of(user),
            "current_key": self.request.session.session_key,
        }


class ActivatePage(InAdmin, ActivateTOTPView):
    """Set up an authenticator app, by a QR code or by hand."""

    title = _("Set up a second factor")
    template_name = "account/activate.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        secret = context["form"].secret
        grouped = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
        required = second_factor.is_required(self.request.user)
        return {**context, "secret": grouped, "factor_required": required}

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        second_factor.note_first_code(form.user, form.step)
        return response


class QrCodeView(View):
    """The secret that is being set up as a picture, since the policy allows none inside the page."""

    def get(self, request: HttpRequest) -> HttpResponse:
        secret = request.session.get(SECRET_SESSION_KEY)
        if not secret or second_factor.has_factor(request.user):
            raise Http404
        adapter = get_adapter()
        picture = adapter.build_totp_svg(adapter.build_totp_url(request.user, secret))
        return HttpResponse(picture, content_type="image/svg+xml")


class DeactivatePage(InAdmin, DeactivateTOTPView):
    title = _("Remove the second factor")
    template_name = "account/deactivate.html"


class RecoveryCodesPage(InAdmin, ViewRecoveryCodesView):
    title = _("Recovery codes")
    template_name = "account/recovery_codes.html"


class NewRecoveryCodesPage(InAdmin, GenerateRecoveryCodesView):
    title = _("New recovery codes")
    template_name = "account/new_recovery_codes.html"


class EndSessionView(View):
    """End one session of the user, or all but the present one."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, key: str | None = None) -> HttpResponse:
        user: Any = request.user
        current = request.session.session_key or ""
        if key is None:
            count = browser_sessions.end_sessions(user, keep=current)
            said = ngettext("Ended %(count)s other session.", "Ended %(count)s other sessions.", count)
            messages.success(request, said % {"count": count})
        elif (number := parse_id(key)) is None or not browser_sessions.end_session(user, number):
            raise Http404
        elif not request.session.exists(current):
            # The present one: as after signing out.
            get_account_adapter().logout(request)
            return redirect("admin:login")
        else:
            messages.success(request, gettext("Ended the session."))
        return redirect("mfa_index")


class CalendarAddressView(View):
    """Make, renew or end the user's calendar address in one company."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, key: str, *, ends: str = "") -> HttpResponse:
        try:
            actor = authenticate_session(request.user, company_key=key, door=Door.ADMIN).actor
        except NotFound as unknown:
            raise Http404 from unknown
        except CrmError as refused:
            messages.error(request, translated(refused.message))
            return redirect("mfa_index")
        if ends:
            calendar_feeds.revoke_feed(actor=actor)
            messages.success(request, gettext("Ended the calendar address."))
        else:
            # The address is not stored: this message is the only place that shows it.
            _feed, url = calendar_feeds.create_feed(actor=actor)
            messages.success(
                request,
                gettext("Copy the calendar address now, it is not shown again: %(url)s") % {"url": url},
            )
        return redirect("mfa_index")


# The site is of the product's own class; to name it here would be a circle of imports.
own = cast(Any, admin.site).account_view

account = own(AccountPage.as_view())
code = CodePage.as_view()
password_again = own(PasswordAgainPage.as_view())
code_again = own(CodeAgainPage.as_view())
activate = own(ActivatePage.as_view())
qr_code = own(QrCodeView.as_view())
deactivate = own(DeactivatePage.as_view())
recovery_codes = own(RecoveryCodesPage.as_view())
new_recovery_codes = own(NewRecoveryCodesPage.as_view())
end_session = own(EndSessionView.as_view())
calendar_address = own(CalendarAddressView.as_view())
