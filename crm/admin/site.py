"""The admin site, with one current company for each session, chosen in the header."""

from functools import wraps
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, path, reverse
from django.views.decorators.http import require_POST

from crm.admin.acting import actor_of, companies_of
from crm.authentication import COMPANY_IN_SESSION
from crm.database.keys import parse_id


def _without_nulls(sent: QueryDict) -> QueryDict:
    cleaned = QueryDict(mutable=True)
    for name, values in sent.lists():
        cleaned.setlist(name.replace("\0", ""), [value.replace("\0", "") for value in values])
    return cleaned


class AutocompleteView(AutocompleteJsonView):
    """The choices of an autocomplete field, labelled like those of other fields."""

    def serialize_result(self, obj: models.Model, to_field_name: str) -> dict[str, str]:
        label = getattr(self.model_admin, "choice_label", str)
        return {"id": str(getattr(obj, to_field_name)), "text": label(obj)}


class CrmAdminSite(admin.AdminSite):
    """Django's admin for sales staff, who work in one company at a time."""

    site_header = "CRM"
    site_title = "CRM"
    index_title = "Home"
    site_url = None  # There is no public site to view.

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Add the companies of the user and the current one, for the header of every page."""
        actor = actor_of(request)
        companies = companies_of(request)
        current = next((row for row in companies if actor and row.pk == actor.company_id), None)
        return {**super().each_context(request), "companies": companies, "current_company": current}

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Leave null characters out of the address: no row holds one, and PostgreSQL refuses the question."""

        @wraps(view)
        def without_nulls(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if "%00" in request.META.get("QUERY_STRING", ""):
                request.GET = _without_nulls(request.GET)  # type: ignore[assignment]  # not changed any more
            return view(request, *args, **kwargs)

        return super().admin_view(without_nulls, cacheable)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        choose = self.admin_view(require_POST(self.choose_company))
        return [path("company/", choose, name="choose_company"), *super().get_urls()]

    def choose_company(self, request: HttpRequest) -> HttpResponse:
        """Switch the current company of the session, and go to the index."""
        wanted = parse_id(request.POST.get("company", ""))
        # Not Forbidden: the answer must not reveal which companies exist.
        if wanted not in [company.pk for company in companies_of(request)]:
            raise Http404
        request.session[COMPANY_IN_SESSION] = wanted
        return redirect(reverse("admin:index", current_app=self.name))

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        view = AutocompleteView(admin_site=self)
        # As ``as_view`` does, but with our class: Django's method names its own.
        view.setup(request)
        return view.get(request)
