"""Chips of filters, views, totals and columns around the rows of a list."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from django.contrib import messages
from django.contrib.admin.utils import label_for_field
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from django_stubs_ext import StrOrPromise

from crm.actors import Action
from crm.admin.acting import actor_of
from crm.admin.base import VisibleAdmin, acting
from crm.admin.forms import message_of
from crm.admin.list_order import with_order_named, with_order_numbered
from crm.admin.range_filters import TypedRange
from crm.errors import CrmError
from crm.models.list_views import ListColumns, ListView
from crm.services import list_views

Row = TypeVar("Row", bound=models.Model)


@dataclass(frozen=True)
class Chip:
    """A filter that is set, and the address of the list without it."""

    title: str
    value: str
    without: str


@dataclass(frozen=True)
class Tab:
    """A view of the list."""

    name: str
    query: str
    is_current: bool
    key: int | None = None
    is_own: bool = False


@dataclass(frozen=True)
class Column:
    """A column that the list offers."""

    name: str
    title: str
    is_shown: bool


class RecordsChangeList(ChangeList):
    """A list with what stands above and below its rows."""

    model_admin: "ListsRecords[Any]"

    def __init__(self, request: HttpRequest, *given: Any, **options: Any) -> None:
        self.request = request
        super().__init__(request, *given, **options)

    @cached_property
    def chips(self) -> list[Chip]:
        """The search and the filters that are set."""
        return list(self._chips())

    def _chips(self) -> Iterator[Chip]:
        if self.query:
            yield Chip(gettext("Search"), str(self.query), self.get_query_string(remove=[SEARCH_VAR]))
        for spec in self.filter_specs:
            first, *rest = spec.choices(self)
            for choice in rest:
                if choice["selected"]:
                    yield Chip(str(capfirst(spec.title)), str(choice["display"]), str(first["query_string"]))

    def totals(self) -> Sequence[str]:
        """Return what all rows of the list add up to, if it is no work to count them."""
        return self.model_admin.totals_of(self.request, self.queryset, self.result_count)


class ListsRecords(VisibleAdmin[Row]):
    """Mixin: a list that has views, totals and columns to choose from."""

    change_list_template = "admin/crm/records_list.html"
    #: Names and queries of the views that everybody has, besides all rows.
    usual_views: ClassVar[Sequence[tuple[StrOrPromise, str]]] = ()
    #: The name of the view of all rows, and its place among the usual views.
    whole_view: ClassVar[tuple[StrOrPromise, int]] = (_("All"), 0)
    #: Columns that are shown only if a member chooses them.
    further_columns: ClassVar[Sequence[str]] = ()

    def totals_of(self, request: HttpRequest, rows: models.QuerySet[Row], count: int) -> Sequence[str]:
        """Return sums over the rows of a list, for the line below it."""
        return ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return RecordsChangeList

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Return whether an address may narrow the list by a lookup; of a filter Django knows one name."""
        for each in self.list_filter:
            own = each[1] if isinstance(each, tuple) else each
            if isinstance(own, type) and issubclass(own, TypedRange) and lookup in own.names():
                return True
        return super().lookup_allowed(lookup, value, request)

    def get_list_display(self, request: HttpRequest) -> Any:
        """Return the chosen columns; the first one leads to the record and stays."""
        usual: Sequence[str] = super().get_list_display(request)  # type: ignore[assignment]  # names alone
        chosen = self._chosen(request)
        return (usual[0], *(name for name in chosen if name in self._offered(request))) if chosen else usual

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        own = (
            {}
            if actor_of(request) is None
            else {"views": self._tabs(request), "columns": self._columns(request)}
        )
        return super().changelist_view(
            request, {**own, "model_address": self._address(), **(extra_context or {})}
        )

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"

        def posted(view: Callable[..., HttpResponse]) -> Any:
            return self.admin_site.admin_view(require_POST(view))

        return [
            path("views/", posted(self.save_view), name=f"{name}_save_view"),
            path("views/<int:key>/delete/", posted(self.delete_view_of_list), name=f"{name}_delete_view"),
            path("columns/", posted(self.choose_columns), name=f"{name}_choose_columns"),
            *super().get_urls(),
        ]

    def save_view(self, request: HttpRequest) -> HttpResponse:
        """Store the list as it is shown under a name."""
        query = request.POST.get("query", "")
        names = self._numbered(request)
        try:
            view = list_views.save_list_view(
                self.opts.label_lower,
                request.POST.get("name", ""),
                with_order_named(query, names),
                is_shared="shared" in request.POST,
                actor=acting(request),
            )
        except (ValidationError, CrmError) as refused:
            self.message_user(request, message_of(refused), messages.ERROR)
            return redirect(f"{self._address()}?{query}" if query else self._address())
        self.message_user(
            request, gettext("Saved the view %(name)s.") % {"name": view.name}, messages.SUCCESS
        )
        return redirect(f"{self._address()}?{query}")

    def delete_view_of_list(self, request: HttpRequest, key: int) -> HttpResponse:
        """Delete a saved view."""
        try:
            view = list_views.delete_list_view(key, actor=acting(request))
        except CrmError as refused:
            self.message_user(request, message_of(refused), messages.ERROR)
        else:
            self.message_user(
                request, gettext("Deleted the view %(name)s.") % {"name": view.name}, messages.SUCCESS
            )
        return redirect(self._address())

    def choose_columns(self, request: HttpRequest) -> HttpResponse:
        """Store the columns to show."""
        wanted = [] if "usual" in request.POST else request.POST.getlist("columns")
        try:
            list_views.choose_columns(
                self.opts.label_lower, wanted, self._offered(request), actor=acting(request)
            )
        except (ValidationError, CrmError) as refused:
            self.message_user(request, message_of(refused), messages.ERROR)
        query = request.POST.get("query", "")
        return redirect(f"{self._address()}?{query}" if query else self._address())

    def _address(self) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def _offered(self, request: HttpRequest) -> list[str]:
        """Return the names of all columns but the first."""
        return [*(str(name) for name in self.list_display[1:]), *self.further_columns]

    def _chosen(self, request: HttpRequest) -> list[str]:
        actor = actor_of(request)
        if actor is None:
            return []
        # Django asks for the columns several times a page.
        if not hasattr(request, "chosen_columns"):
            rows = ListColumns.objects.visible_to(actor).filter(model=self.opts.label_lower)
            vars(request)["chosen_columns"] = rows.values_list("columns", flat=True).first() or []
        chosen: list[str] = vars(request)["chosen_columns"]
        return chosen

    def _columns(self, request: HttpRequest) -> list[Column]:
        shown = [str(name) for name in self.get_list_display(request)[1:]]
        others = [name for name in self._offered(request) if name not in shown]
        return [Column(name, _title(name, self), name in shown) for name in [*shown, *others]]

    def _numbered(self, request: HttpRequest) -> list[str]:
        """Return the columns as an order in the address counts them: with the boxes of actions."""
        boxes = ["action_checkbox"] if self.get_actions(request) else []
        return [*boxes, *(str(name) for name in self.get_list_display(request))]

    def _tabs(self, request: HttpRequest) -> list[Tab]:
        actor = acting(request)
        names = self._numbered(request)
        here = list_views.lasting_part(request.GET.urlencode())
        usual = [(name, with_order_numbered(stored, names)) for name, stored in self.usual_views]
        whole, place = self.whole_view
        usual.insert(place, (whole, ""))
        tabs = [Tab(str(name), query, query == here) for name, query in usual]
        may_delete_all = actor.may(Action.CHANGE_LOOKUPS)
        saved = ListView.objects.visible_to(actor).filter(model=self.opts.label_lower)
        for view in saved.order_by("name", "pk"):
            query = with_order_numbered(view.query, names)
            is_own = may_delete_all or view.user_id == actor.user_id
            tabs.append(Tab(view.name, query, query == here, view.pk, is_own))
        return tabs


def _title(name: str, of: "ListsRecords[Any]") -> str:
    label: Any = label_for_field(name, of.model, of)
    return str(capfirst(label))
