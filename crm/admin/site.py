"""The admin site, with one current company for each session, chosen in the header."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any, cast

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import SimpleTemplateResponse, TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from crm.admin.acting import actor_of, companies_of, current_company, zone_of
from crm.admin.base import acting, assignable_users
from crm.admin.frame import home, navigation, search
from crm.admin.imports import pages as imports
from crm.admin.labels import NONE
from crm.admin.setup.logo import logo_address, logo_page
from crm.authentication import COMPANY_IN_SESSION
from crm.database.keys import parse_id
from crm.services import browser_sessions, second_factor
from crm.services.notifications import MOST_COUNTED, count_unread

View = Callable[..., HttpResponseBase]
#: What a user may do before the second factor is set up that a company requires.
OPEN_WITHOUT_FACTOR = {"logout", "jsi18n"}


def _without_nulls(sent: QueryDict) -> QueryDict:
    cleaned = QueryDict(mutable=True)
    for name, values in sent.lists():
        cleaned.setlist(name.replace("\0", ""), [value.replace("\0", "") for value in values])
    return cleaned


def _in_own_time(view: View) -> View:
    """Show the times on a page, and read those that are typed, in the time zone of the user."""

    @wraps(view)
    def timed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with timezone.override(zone_of(request)):
            response = view(request, *args, **kwargs)
            if isinstance(response, SimpleTemplateResponse):
                # Django renders it after the view, where the time zone is that of the server again.
                response.render()
            return response

    return timed


class AutocompleteView(AutocompleteJsonView):
    """The choices of an autocomplete field, limited and labelled like those of other fields."""

    def get_queryset(self) -> models.QuerySet[Any]:
        rows = super().get_queryset()
        source: Any = self.source_field
        # The models of links, such as participants, have no page.
        page: Any = cast(admin.AdminSite, self.admin_site)._registry.get(source.model)
        if page is None or source.name not in getattr(page, "owner_fields", ()):
            return rows
        # Only those who may own leads; a subquery, since the search has joined and ordered the rows.
        return rows.filter(pk__in=assignable_users(acting(self.request)).order_by().values("pk"))

    def serialize_result(self, obj: models.Model, to_field_name: str) -> dict[str, str]:
        label = getattr(self.model_admin, "choice_label", str)
        return {"id": str(getattr(obj, to_field_name)), "text": label(obj)}


class CrmAdminSite(admin.AdminSite):
    """Django's admin for sales staff, who work in one company at a time."""

    site_header = "CRM"
    site_title = "CRM"
    index_title = _("Home")
    site_url = None  # There is no public site to view.
    empty_value_display = NONE
    # The frame has a navigation by task in the place of Django's list of models.
    enable_nav_sidebar = False

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Return what the frame of every page shows: navigation, companies of the user, unread notifications.

        Django's own context also has the list of all models and the last actions, which no page shows here:
        they ask every model for its permissions.
        """
        actor = actor_of(request)
        return {
            "site_title": self.site_title,
            "site_header": self.site_header,
            "site_url": self.site_url,
            "has_permission": self.has_permission(request),
            "is_popup": False,
            "is_nav_sidebar_enabled": self.enable_nav_sidebar,
            "companies": companies_of(request),
            "current_company": current_company(request),
            "logo_address": logo_address(current_company(request)),
            # Counted where a page shows it.
            "count_unread": None if actor is None else partial(count_unread, actor),
            "most_unread": MOST_COUNTED,
            "navigation": navigation.navigation_of(request),
            "quick_add": navigation.quick_add_of(request),
        }

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # type: ignore[override]  # less than Django's own answer is enough
        """Show the home page of a member; others see which pages are open to them."""
        page = home.page_of_members()
        if page is None or actor_of(request) is None:
            return super().index(request, extra_context)
        return page(request)

    def set_up(self, request: HttpRequest) -> HttpResponse:
        """Show what managers set up, in groups."""
        parts = navigation.set_up_of(request)
        if not parts:
            raise PermissionDenied
        context = {**self.each_context(request), "title": gettext("Set-up"), "parts": parts}
        return TemplateResponse(request, "admin/crm/frame/set_up.html", context)

    def admin_view(self, view: View, cacheable: bool = False) -> View:  # type: ignore[override]  # less than a type variable is enough
        """Lead users without a required second factor to its set-up, from every page.

        Null characters are left out of the address: no row holds one, and PostgreSQL refuses the question.
        """

        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if "%00" in request.META.get("QUERY_STRING", ""):
                request.GET = _without_nulls(request.GET)  # type: ignore[assignment]  # not changed any more
            browser_sessions.note_use(request)
            match = request.resolver_match
            is_open = match is not None and match.url_name in OPEN_WITHOUT_FACTOR
            # Who has an actor has the factor: no statement more for them.
            if not is_open and actor_of(request) is None and second_factor.is_missing(request.user):
                return redirect("mfa_activate_totp")
            return _in_own_time(view)(request, *args, **kwargs)

        return super().admin_view(guarded, cacheable)

    def account_view(self, view: View) -> View:
        """Protect a page of the user's own account, which is open without a second factor."""
        return super().admin_view(_in_own_time(view))

    @method_decorator(never_cache)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show and take the first page of sign-in. As Django's, with the second factor after it."""
        # Imported here: commands need none of django-allauth's views.
        from crm.admin.account.sign_in import SignInView

        if request.method == "GET" and self.has_permission(request):
            return redirect("admin:index", current_app=self.name)
        context = {
            **self.each_context(request),
            "title": gettext("Log in"),
            "subtitle": None,
            "app_path": request.get_full_path(),
            "username": request.user.get_username(),
            "single_sign_on": settings.OIDC,
            "resets_passwords": settings.EMAIL_ENABLED,
        }
        if REDIRECT_FIELD_NAME not in request.GET and REDIRECT_FIELD_NAME not in request.POST:
            context[REDIRECT_FIELD_NAME] = reverse("admin:index", current_app=self.name)
        view = SignInView.as_view(
            extra_context=context | (extra_context or {}),
            authentication_form=self.login_form or AdminAuthenticationForm,
            template_name=self.login_template or "admin/login.html",
        )
        request.current_app = self.name
        return cast(HttpResponse, view(request))

    def get_urls(self) -> list[URLPattern | URLResolver]:
        choose = self.admin_view(require_POST(self.choose_company))
        quick_add = self.admin_view(search.choose_record)
        logo = self.admin_view(require_safe(logo_page), cacheable=True)
        return [
            path("company/", choose, name="choose_company"),
            path("logo/<str:hash>", logo, name="company_logo"),
            path("search/", self.admin_view(search.search), name="search"),
            path("set-up/", self.admin_view(self.set_up), name="set_up"),
            *(
                path(f"new/{kind}/", quick_add, {"kind": kind}, name=f"new_{kind}")
                for kind in search.QUICK_KINDS
            ),
            *imports.urls(self),
            *super().get_urls(),
        ]

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
