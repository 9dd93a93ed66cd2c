"""The base of all admin pages: rows that the actor can see, and permissions from the actor's role."""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, TypeVar

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import BaseModelAdmin
from django.contrib.admin.utils import get_fields_from_path, model_ngettext
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst
from django.utils.translation import gettext
from django_stubs_ext import StrOrPromise

from crm.actors import Action, Actor
from crm.admin.acting import actor_of
from crm.admin.autocomplete import KeySelect, KeySelectMultiple
from crm.admin.dates import OVERRIDES
from crm.admin.labels import labels_for
from crm.database.keys import parse_id
from crm.models import User
from crm.models.tallies import count_visible, tallies_for

if TYPE_CHECKING:
    from django.contrib.admin.options import _FieldsetSpec

    Fieldsets: TypeAlias = _FieldsetSpec
else:
    # Django names this type only in its stubs.
    Fieldsets = object

Row = TypeVar("Row", bound=models.Model)

#: What the filters of the list page append to the name of a field.
FILTER_LOOKUPS = ("", "__exact", "__id__exact", "__isnull", "__isempty", "__gte", "__lt")
#: What may stand in the address of a list that shows all rows: the page and the order.
UNNARROWED = {"p", "o"}


def acting(request: HttpRequest) -> Actor:
    """Return the actor of a request.

    :raises PermissionDenied: if the user has no company.
    """
    actor = actor_of(request)
    if actor is None:
        raise PermissionDenied
    return actor


def visible_rows(model: type[Row], request: HttpRequest) -> models.QuerySet[Row]:
    """Return the rows of a model that the actor of a request can see.

    :raises PermissionDenied: if there is none.
    """
    known: Any = model
    rows: models.QuerySet[Row] = known.objects.visible_to(acting(request))
    return rows


def assignable_users(actor: Actor) -> models.QuerySet[User]:
    """Return the members of the actor's company who may own leads, by name."""
    users: models.QuerySet[User] = User.objects.visible_to(actor).assignable_in(actor.company_id)
    return users.order_by("displayname", "pk")


class VisibleToActor(BaseModelAdmin[Row]):
    """Mixin: limits rows, choices and permissions to those of the actor."""

    #: What the actor has to be allowed, to look and to write; None is nobody.
    view_action: ClassVar[Action] = Action.READ
    write_action: ClassVar[Action | None] = None
    #: Foreign keys to users that offer only members who may own leads.
    owner_fields: ClassVar[Collection[str]] = ()
    may_add: ClassVar[bool] = True
    may_change: ClassVar[bool] = True
    may_delete: ClassVar[bool] = True
    formfield_overrides = OVERRIDES
    # A list always has an order, else its pages may overlap.
    ordering: ClassVar[tuple[str, ...]] = ("pk",)

    def _labelled(self, options: dict[str, Any]) -> dict[str, Any]:
        """Add the labels that people read to the options of a form."""
        return {**options, "labels": {**labels_for(self.model), **(options.get("labels") or {})}}

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Row]:
        return visible_rows(self.model, request).order_by(*self.get_ordering(request))

    def choice_label(self, obj: Row) -> str:
        """Return the label of a row among the choices of another row's form."""
        return str(obj)

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        """Return the fields of a search: texts ignore case as LIKE in the API does, on both databases."""
        names: Iterable[str] = super().get_search_fields(request)  # type: ignore[misc]  # of list pages alone
        return [f"{name}__containing" if self._is_text(name) else name for name in names]

    def _is_text(self, path: str) -> bool:
        if not path[0].isalpha():
            return False
        return isinstance(get_fields_from_path(self.model, path)[-1], models.CharField | models.TextField)

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Row], search_term: str
    ) -> tuple[models.QuerySet[Row], bool]:
        """Search with the query set's own ``search``, if it has one."""
        searched: Any = queryset
        if hasattr(searched, "search"):
            # Superusers without a company search accounts and companies alone, where no actor is needed.
            return searched.search(search_term, actor_of(request)), False
        return super().get_search_results(request, queryset, search_term)  # type: ignore[misc,no-any-return]  # of list pages alone

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        # Other lookups would let an address probe columns that the list does not show.
        allowed = set()
        filters: Iterable[Any] = getattr(self, "list_filter", ())
        for item in filters:
            if isinstance(item, str | tuple):
                name = item if isinstance(item, str) else item[0]
                allowed |= {name + suffix for suffix in FILTER_LOOKUPS}
            else:
                allowed.add(item.parameter_name)
        return lookup in allowed

    def formfield_for_dbfield(
        self, db_field: models.Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        # A form may open and add related rows, but not change or delete them in passing.
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget.can_change_related = field.widget.can_delete_related = False
        return field

    def formfield_for_foreignkey(
        self, db_field: models.ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.ModelChoiceField[Any] | None:
        if db_field.name in self.owner_fields:
            kwargs["queryset"] = assignable_users(acting(request))
        elif "queryset" not in kwargs:
            kwargs["queryset"] = visible_rows(db_field.related_model, request)
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", KeySelect(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(
        self, db_field: models.ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.ModelMultipleChoiceField[Any] | None:
        kwargs["queryset"] = visible_rows(db_field.related_model, request)
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", KeySelectMultiple(db_field, self.admin_site))
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def has_write_permission(self, request: HttpRequest) -> bool:
        """Return whether the actor's role allows writing rows of this model, which actions ask for too."""
        actor = actor_of(request)
        return actor is not None and self.write_action is not None and actor.may(self.write_action)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        actor = actor_of(request)
        return actor is not None and actor.may(self.view_action)

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self.may_add and self.has_write_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self.may_change and self.has_write_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self.may_delete and self.has_write_permission(request)


class VisibleAdmin(VisibleToActor[Row], admin.ModelAdmin[Row]):
    """The read-only pages of a model; subclasses write through services."""

    list_per_page = 50
    #: The title of the list, if it is not the name of its rows; the navigation calls it the same.
    list_title: ClassVar[StrOrPromise] = ""
    # The number of all rows would be a scan of the whole table.
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # Facets count the rows of every filter choice.

    @property
    def media(self) -> forms.Media:
        # Without the scripts of slugs that follow from a title, which no page has: a third of all scripts.
        jquery = "vendor/jquery/jquery.js" if settings.DEBUG else "vendor/jquery/jquery.min.js"
        names = (jquery, "jquery.init.js", "core.js", "admin/RelatedObjectLookups.js", "actions.js")
        return forms.Media(js=[f"admin/js/{name}" for name in names])

    def get_paginator(self, request: HttpRequest, *given: Any, **options: Any) -> Paginator[Row]:
        # The unfiltered list takes its count from the tallies, as the API does.
        paginator: Any = super().get_paginator(request, *given, **options)
        actor = actor_of(request)
        is_whole = request.GET.keys() <= UNNARROWED
        if is_whole and actor is not None and tallies_for(self.model, actor) is not None:
            paginator.count = count_visible(self.model, actor)
        return paginator  # type: ignore[no-any-return]

    def get_form(
        self, request: HttpRequest, obj: Row | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm[Row]]:
        return super().get_form(request, obj, change=change, **self._labelled(kwargs))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        # Django's own title, "Select lead to change", is the word of developers.
        title = self.list_title or capfirst(self.opts.verbose_name_plural)
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        name, row = self.opts.verbose_name, kwargs.get("obj")
        context["list_title"] = self.list_title or capfirst(self.opts.verbose_name_plural)
        if row is not None:
            context["subtitle"] = self.heading_of(row)
        context["title"] = gettext("New %(name)s") % {"name": name} if kwargs.get("add") else capfirst(name)
        return super().render_change_form(request, context, *args, **kwargs)

    def heading_of(self, row: Row) -> str:
        """Return the heading of the page of a row: its name, or a sentence about it."""
        return str(row)

    def response_action(self, request: HttpRequest, queryset: models.QuerySet[Row], *given: Any) -> Any:
        # Django would ask the database for rows whose keys are none, which fails.
        if any(parse_id(key) is None for key in request.POST.getlist(ACTION_CHECKBOX_NAME)):
            raise SuspiciousOperation("The selected rows have no such keys.")
        return super().response_action(request, queryset, *given)

    def get_deleted_objects(
        self, objs: Iterable[Any], request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[str]]:
        """List only the selected rows: services decide what else is deleted with them."""
        rows = list(objs)
        return [str(row) for row in rows], {model_ngettext(self.opts, len(rows)): len(rows)}, set(), []
