"""The page on which members choose their time zone and language, and how they hear of their work."""

from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse_lazy
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.generic import FormView

from crm.actors import Actor
from crm.admin.account.frame import InAdmin
from crm.admin.acting import current_company
from crm.admin.base import acting
from crm.admin.language import choices
from crm.dates import time_zones
from crm.languages.chosen import reading
from crm.models import NotificationDelivery, NotificationKind
from crm.models.companies import LAST_HOUR
from crm.services.notifications import own_membership, preferences_of, set_preference
from crm.services.own_settings import update_own


class OwnSettingsForm(forms.Form):
    timezone = forms.ChoiceField(
        label=_("Time zone"), required=False, help_text=_("Times on these pages are shown, and read, in it.")
    )
    language = forms.ChoiceField(
        label=_("Language"), required=False, help_text=_("Of these pages, and of mails to you.")
    )
    digest_hour = forms.TypedChoiceField(
        label=_("Daily mail from"),
        coerce=int,
        choices=[(hour, f"{hour:02}:00") for hour in range(LAST_HOUR + 1)],
    )

    def __init__(self, *args: Any, of_company: str, **kwargs: Any) -> None:
        """Make the form.

        :param of_company: the time zone that counts for a member who chooses none.
        """
        super().__init__(*args, **kwargs)
        zone = cast(forms.ChoiceField, self.fields["timezone"])
        zone.choices = [
            ("", gettext("That of the company (%(of_company)s)") % {"of_company": of_company}),
            *((name, name) for name in _zones()),
        ]
        language = cast(forms.ChoiceField, self.fields["language"])
        # Each in its own language, for somebody who reads no other.
        language.choices = [("", gettext("That of the browser")), *settings.LANGUAGES]
        for kind in NotificationKind:
            self.fields[kind] = forms.ChoiceField(
                label=gettext(kind.label), choices=choices(NotificationDelivery.choices)
            )


def _zones() -> list[str]:
    return sorted(time_zones())


class OwnSettingsPage(InAdmin, FormView[OwnSettingsForm]):
    """The settings of the signed-in member in the current company."""

    title = _("Notifications, time zone and language")
    template_name = "account/notifications.html"
    form_class = OwnSettingsForm
    success_url = reverse_lazy("notification_settings")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        self.actor: Actor = acting(request)
        return super().dispatch(request, *args, **kwargs)

    def get_initial(self) -> dict[str, Any]:
        membership = own_membership(self.actor)
        chosen = {preference.kind: preference.delivery for preference in preferences_of(membership)}
        user: Any = self.request.user
        return {
            "timezone": user.timezone or "",
            "language": user.language or "",
            "digest_hour": membership.digest_hour,
            **chosen,
        }

    def get_form_kwargs(self) -> dict[str, Any]:
        company = current_company(self.request)
        zone = company and company.timezone
        return {**super().get_form_kwargs(), "of_company": zone or "UTC"}

    def form_valid(self, form: OwnSettingsForm) -> HttpResponse:
        given = form.cleaned_data
        values: Any = {name: given[name] for name in ("timezone", "language", "digest_hour")}
        try:
            update_own(values, actor=self.actor)
            for kind in NotificationKind:
                # What was left as it is stays the default.
                if kind in form.changed_data:
                    set_preference(kind, given[kind], actor=self.actor)
        except ValidationError as refused:
            form.add_error(None, refused)
            return self.form_invalid(form)
        # In the language that was just chosen.
        with reading(given["language"], get_language()):
            messages.success(self.request, gettext("Your settings were saved."))
        return super().form_valid(form)


# The site is of the product's own class; to name it here would be a circle of imports.
own_settings = cast(Any, admin.site).admin_view(OwnSettingsPage.as_view())
