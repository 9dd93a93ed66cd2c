"""The admin of companies, which creates each one with all that it needs to take leads."""

from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from crm.admin.companies import CompanyAdmin, languages
from crm.admin.forms import ServiceForm
from crm.admin.money import CurrencyField
from crm.languages.chosen import first_known
from crm.models import Company
from crm.models.companies import DEFAULT_CURRENCY
from crm.services.companies import find_or_create_user
from leads.services.company_setup import set_up_company


def own_language() -> str:
    """Return the language of the page for a new company of its reader; empty where that is the usual one."""
    own = first_known(get_language())
    return "" if own == settings.LANGUAGE_CODE else own


class NewCompanyForm(ServiceForm[Company]):
    """The form of a new company: its name, its administrator, its region, currency and language."""

    admin_username = forms.CharField(
        label=_("Administrator"),
        max_length=150,
        help_text=_("The username of its first administrator. A new name makes a user without a password."),
    )

    currency = CurrencyField(label=_("Currency"), initial=DEFAULT_CURRENCY)
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=languages,
        initial=own_language,
        help_text=_(
            "Of its pages, its mails, and the names of the statuses, stages and reasons it starts with."
        ),
    )

    fields_of_arguments = {"username": "admin_username"}


@admin.register(Company)
class SetUpCompanyAdmin(CompanyAdmin):
    """Companies; a new one gets statuses, types, sources, a pipeline and a receiver."""

    add_form = NewCompanyForm
    # The other fields have defaults, and can be changed once the company exists.
    add_fieldsets = ((None, {"fields": ("name", "admin_username", "region", "currency", "language")}),)

    def make(self, request: HttpRequest, form: NewCompanyForm) -> Company:
        user, _ = find_or_create_user(form.cleaned_data["admin_username"])
        return set_up_company(
            form.cleaned_data["name"],
            admin=user,
            region=form.cleaned_data["region"],
            currency=form.cleaned_data["currency"],
            language=form.cleaned_data["language"] or None,
        )
