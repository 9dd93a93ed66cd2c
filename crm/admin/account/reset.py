"""The pages for a forgotten password: Django's views in the look of the admin."""

from typing import Any

from django.conf import settings
from django.contrib.auth import views
from django.contrib.auth.forms import PasswordResetForm
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from crm.admin.account.frame import InAdmin
from crm.request_origin import client_address
from crm.services import password_reset


class ResetForm(PasswordResetForm):
    """The address of an account; the answer does not depend on whether there is one."""

    def save(self, **options: Any) -> None:  # type: ignore[override]  # of them the request alone is used
        request = options["request"]
        site = settings.PUBLIC_URL or f"{request.scheme}://{request.get_host()}"
        password_reset.request_link(
            self.cleaned_data["email"], site=site, client=client_address(request.META)
        )


class NeedsMail(InAdmin):
    """Mixin: a page that exists only where mails are sent."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not settings.EMAIL_ENABLED:
            raise Http404
        answer: HttpResponseBase = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]  # of the view
        return answer


class RequestPage(NeedsMail, views.PasswordResetView):
    title = _("Forgotten password")
    form_class = ResetForm


class RequestedPage(NeedsMail, views.PasswordResetDoneView):
    title = _("Look at your mail")


class NewPasswordPage(InAdmin, views.PasswordResetConfirmView):
    """Choose a new password; its change ends all sessions of the user."""

    title = _("New password")
    template_name = "account/new_password.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "resets_passwords": settings.EMAIL_ENABLED}


class DonePage(InAdmin, views.PasswordResetCompleteView):
    title = _("Your password has been set")


request = RequestPage.as_view()
requested = RequestedPage.as_view()
new_password = NewPasswordPage.as_view()
done = DonePage.as_view()
