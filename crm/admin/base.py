"""What an admin page shows and allows: the rows that exist for the actor, by the actor's role."""

from collections.abc import Iterable
from typing import Any, ClassVar, TypeVar

from django import forms
from django.contrib import admin
from django.contrib.admin.options import BaseModelAdmin
from django.contrib.admin.utils import model_ngettext
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest

from crm.actors import Action, Actor
from crm.admin.acting import actor_of
from crm.models.tallies import count_visible, tallies_for

Row = TypeVar("Row", bound=models.Model)

#: What the filters of the list page append to the name of a field.
FILTER_LOOKUPS = ("", "__exact", "__id__exact", "__isnull", "__isempty", "__gte", "__lt")
#: What may stand in the address of a list that shows all rows: the page and the order.
UNNARROWED = {"p", "o"}


def acting(request: HttpRequest) -> Actor:
    """Give the actor of a request that needs one.

    :raises PermissionDenied: if the user has no company.
    """
    actor = actor_of(request)
    if actor is None:
        raise PermissionDenied
    return actor


def visible_rows(model: type[Row], request: HttpRequest) -> models.QuerySet[Row]:
    """Give the rows of a model that exist for the actor of a request.

    :raises PermissionDenied: if there is none.
    """
    known: Any = model
    rows: models.QuerySet[Row] = known.objects.visible_to(acting(request))
    return rows


class VisibleToActor(BaseModelAdmin[Row]):
    """Mixin: rows, choices and permissions are those of the actor."""

    #: What the actor has to be allowed, to look and to write; None is nobody.
    view_action: ClassVar[Action] = Action.READ
    write_action: ClassVar[Action | None] = None
    may_add: ClassVar[bool] = True
    may_change: ClassVar[bool] = True
    may_delete: ClassVar[bool] = True
    # A list always has an order, else its pages may overlap.
    ordering: ClassVar[tuple[str, ...]] = ("pk",)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Row]:
        """Give the visible rows, in the order of the list."""
        return visible_rows(self.model, request).order_by(*self.get_ordering(request))

    def choice_label(self, obj: Row) -> str:
        """Name a row among the choices of another row's form."""
        return str(obj)

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Row], search_term: str
    ) -> tuple[models.QuerySet[Row], bool]:
        """Search as the model's own queryset does, if it does."""
        # PostgreSQL refuses text with a NUL; the autocomplete view lets it through.
        text = search_term.replace("\x00", "")
        searched: Any = queryset
        if hasattr(searched, "search"):
            return searched.search(text), False
        return super().get_search_results(request, queryset, text)  # type: ignore[misc,no-any-return]  # of list pages alone

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow in an address what the filters of the list put there, and no other question."""
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
        """Offer to look at a chosen row and to add one, not to change or delete it in passing."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget.can_change_related = field.widget.can_delete_related = False
        return field

    def formfield_for_foreignkey(
        self, db_field: models.ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.ModelChoiceField[Any] | None:
        """Offer visible rows alone."""
        if "queryset" not in kwargs:
            kwargs["queryset"] = visible_rows(db_field.related_model, request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(
        self, db_field: models.ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.ModelMultipleChoiceField[Any] | None:
        """Offer visible rows alone."""
        if "queryset" not in kwargs:
            kwargs["queryset"] = visible_rows(db_field.related_model, request)
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def may_write(self, request: HttpRequest) -> bool:
        """Tell whether the role of the actor allows to write such rows."""
        actor = actor_of(request)
        return actor is not None and self.write_action is not None and actor.may(self.write_action)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Tell whether the index names the model."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell whether the role allows to look."""
        actor = actor_of(request)
        return actor is not None and actor.may(self.view_action)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell whether the role allows to add a row."""
        return self.may_add and self.may_write(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_change and self.may_write(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell whether the role allows to delete the row."""
        return self.may_delete and self.may_write(request)


class VisibleAdmin(VisibleToActor[Row], admin.ModelAdmin[Row]):
    """The pages of a model that can be looked at; what is written goes through services alone."""

    list_per_page = 50
    # The number of all rows would be a scan of the whole table.
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def get_paginator(self, request: HttpRequest, *given: Any, **options: Any) -> Paginator[Row]:
        """Count the rows of a list that nothing narrows as the API does."""
        paginator: Any = super().get_paginator(request, *given, **options)
        actor = actor_of(request)
        is_whole = request.GET.keys() <= UNNARROWED
        if is_whole and actor is not None and tallies_for(self.model, actor) is not None:
            paginator.count = count_visible(self.model, actor)
        return paginator  # type: ignore[no-any-return]

    def get_deleted_objects(
        self, objs: Iterable[Any], request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[str]]:
        """Name the rows to be deleted and nothing else: services decide what goes with them."""
        rows = list(objs)
        return [str(row) for row in rows], {model_ngettext(self.opts, len(rows)): len(rows)}, set(), []
