"""The admin page of a company's settings."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.translation import get_language_info, gettext
from django.utils.translation import gettext_lazy as _

from crm.actors import Action, Actor, Door, system_actor
from crm.admin.base import Fieldsets, acting
from crm.admin.forms import ServiceForm
from crm.admin.money import CurrencyField
from crm.admin.writing import CreatesThroughService, FormSet
from crm.importing.job_records import open_jobs
from crm.models import Company
from crm.services.companies import ADDRESS, save_company
from crm.services.file_quota import most_bytes, most_files, usage_of
from crm.services.logos import EXTENSIONS, remove_logo, store_logo


def _of(used: str, most: object) -> str:
    if most is None:
        return gettext("%(used)s of any number") % {"used": used}
    return gettext("%(used)s of %(most)s") % {"used": used, "most": most}


def languages() -> list[tuple[str, str]]:
    """Return the choices of a language that the pages exist in, and of none."""
    names = [(code, get_language_info(code)["name_local"]) for code, _name in settings.LANGUAGES]
    return [("", "---------"), *names]


class CompanyForm(ServiceForm[Company]):
    currency = CurrencyField(
        label=_("Currency"), help_text=_("Of amounts that come without one; stored amounts keep theirs.")
    )

    timezone = forms.ChoiceField(
        label=_("Time zone"), required=False, help_text=_("Of members who have not chosen another one.")
    )
    language = forms.ChoiceField(label=_("Language"), required=False)
    logo = forms.FileField(
        label=_("Logo"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ",".join(f".{name}" for name in EXTENSIONS)}),
        help_text=_("A PNG, JPEG, GIF or WebP of at most 200 KB. It stands at the top of every page."),
    )
    removes_logo = forms.BooleanField(label=_("Remove the logo"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "currency" in self.fields:
            offered: Any = self.fields["currency"]
            offered.offer(self.instance.currency)
        zones = {name: name for name in sorted(available_timezones())}
        for name, known in (("timezone", zones), ("language", dict(languages()[1:]))):
            if name in self.fields:
                stored = getattr(self.instance, name)
                # What is stored stays a choice, such as a zone of another spelling.
                others = {stored: stored} if stored and stored not in known else {}
                choice: Any = self.fields[name]
                choice.choices = [("", "---------"), *{**others, **known}.items()]
        if not self.instance.logo_hash:
            self.fields.pop("removes_logo", None)


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
        (None, {"fields": ("name", "logo", "removes_logo", "website", "email", "phone", "uuid")}),
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

    def get_fieldsets(self, request: HttpRequest, obj: Company | None = None) -> Fieldsets:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or obj.logo_hash:
            return fieldsets
        hidden = "removes_logo"
        return [
            (title, {**options, "fields": tuple(name for name in options["fields"] if name != hidden)})
            for title, options in fieldsets
        ]

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return bool(request.user.is_superuser) or super().has_view_permission(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return bool(request.user.is_superuser) or super().has_change_permission(request, obj)

    def store(self, request: HttpRequest, form: ServiceForm[Company], formsets: Sequence[FormSet]) -> None:
        manager = self._manager(request, form.instance)
        save_company(form.instance, actor=manager)
        if form.cleaned_data.get("logo"):
            store_logo(form.cleaned_data["logo"], actor=manager)
        elif form.cleaned_data.get("removes_logo"):
            remove_logo(actor=manager)

    def _manager(self, request: HttpRequest, company: Company) -> Actor:
        if request.user.is_superuser:
            # A superuser need not be a member, and then has no role in the company.
            return replace(system_actor(company.pk, door=Door.ADMIN), user_id=request.user.pk)
        return acting(request)
