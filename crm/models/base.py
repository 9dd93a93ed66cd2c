"""Base classes of the models that belong to a company, and of their query sets."""

from collections.abc import Callable, Collection, Sequence
from datetime import date
from functools import cache
from typing import Any, Self, TypeVar

from django.core.exceptions import ValidationError
from django.db import models

from crm.actors import Actor
from crm.database.keys import named_key
from crm.database.plain_values import are_plain
from crm.dates import SHORT_YEAR, SMALLEST_YEAR
from crm.errors import NotFound
from crm.models.texts import normalize_texts

Row = TypeVar("Row", bound=models.Model)


class CallbackQuerySet(models.QuerySet[Row]):
    """A query set that calls functions with its rows once they are fetched."""

    _callbacks: tuple[Callable[[Sequence[Row]], None], ...] = ()

    def after_fetch(self, callback: Callable[[Sequence[Row]], None]) -> Self:
        """Call a function once with the fetched rows, to attach something to them."""
        clone = self.all()
        clone._callbacks = (*self._callbacks, callback)
        return clone

    def _clone(self) -> Self:
        clone: Self = super()._clone()  # type: ignore[misc]  # Django's hook for state of subclasses
        clone._callbacks = self._callbacks
        return clone

    def _fetch_all(self) -> None:
        # Called again whenever a query set that is fetched already is iterated.
        unread = self._result_cache is None
        super()._fetch_all()
        if unread and self._result_cache:
            for callback in self._callbacks:
                callback(self._result_cache)


class TenantQuerySet(CallbackQuerySet[Row]):
    """Rows of companies; read them through ``visible_to`` only."""

    def visible_to(self, actor: Actor) -> Self:
        """Narrow to the rows that exist for the actor; call it first in every chain."""
        return self.filter(company_id=actor.company_id)

    def find(self, actor: Actor, key: object, *, argument: str = "id") -> Row:
        """Return the visible row with this primary key or UUID; ``argument`` names the input in the error."""
        return pick(self.visible_to(actor), key, argument=argument)


def visible_rows(model: type[Row], actor: Actor) -> models.QuerySet[Row]:
    """Return the rows of a model that the actor sees, for code that handles models of any kind."""
    # Django's stubs type the default manager of an unknown model as a plain one, without ``visible_to``.
    manager: Any = model._default_manager
    rows: models.QuerySet[Row] = manager.visible_to(actor)
    return rows


def pick(queryset: models.QuerySet[Row], key: object, *, argument: str = "id") -> Row:
    found = keyed(queryset, key).first()
    if found is None:
        raise NotFound(argument)
    return found


def keyed(queryset: models.QuerySet[Row], key: object) -> models.QuerySet[Row]:
    """Narrow a query set to the row with this primary key or UUID; to no row if the key is neither."""
    named = named_key(queryset.model, key)
    return queryset.none() if named is None else queryset.filter(**{named[0]: named[1]})


@cache
def _days(model: type[models.Model]) -> tuple[str, ...]:
    """Return the columns of a model that hold days, not moments."""
    columns = (field for field in model._meta.concrete_fields if isinstance(field, models.DateField))
    return tuple(field.attname for field in columns if not isinstance(field, models.DateTimeField))


def check_years(instance: models.Model) -> None:
    """Refuse days whose year has two digits."""
    errors = {}
    for name in _days(type(instance)):
        day = instance.__dict__.get(name)
        if isinstance(day, date) and day.year < SMALLEST_YEAR:
            errors[name] = SHORT_YEAR
    if errors:
        raise ValidationError(errors)


class Stamped(models.Model):
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        normalize_texts(self)
        if not are_plain(self, exclude or ()):
            super().clean_fields(exclude)
        check_years(self)


class TenantModel(Stamped):
    company = models.ForeignKey("crm.Company", on_delete=models.CASCADE, related_name="+", editable=False)

    company_id: int

    class Meta:
        abstract = True

    def is_visible_to(self, actor: Actor) -> bool:
        """Return whether ``visible_to`` would include this row, without a query."""
        return self.company_id == actor.company_id

    def check_same_company(self, **related: Any) -> None:
        """Raise if a related row belongs to another company."""
        for name, row in related.items():
            # Rows of the installation, such as a contact type, belong to no company; all may use them.
            if row is not None and row.company_id not in (None, self.company_id):
                raise ValidationError({name: "This choice does not exist."})
