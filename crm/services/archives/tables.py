"""The tables of an archive: every model of the product is in it, or left out for a reason."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db.models import BigIntegerField, ForeignKey, Model, QuerySet

from crm.models import Company, User
from crm.services.archives.keys import Keys

#: Changes the values of a row, by attribute name, that hold keys where no foreign key says so.
Shift = Callable[[dict[str, Any], Keys], None]

_left_out: dict[type[Model], str] = {}
_shifts: dict[type[Model], Shift] = {}
#: Models of which some rows belong to no company.
_shared: dict[type[Model], "Shared"] = {}


@dataclass(frozen=True, kw_only=True)
class Shared:
    """Rows that belong to no company: every installation has them, with keys of its own."""

    #: The column by which they are known.
    column: str
    #: Makes those that an installation does not have yet.
    ensure: Callable[[], None]

    def rows(self, model: type[Model]) -> dict[int, str]:
        """Return what these rows are known by, by key."""
        return dict(model._base_manager.filter(company=None).values_list("pk", self.column))


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table of an archive."""

    model: type[Model]
    #: The path from a row to its company; empty for the company itself and for accounts.
    path: str

    @property
    def label(self) -> str:
        return self.model._meta.label_lower

    @property
    def fields(self) -> list[Any]:
        hidden = LEFT_OUT_COLUMNS.get(self.model, ())
        return [field for field in self.model._meta.concrete_fields if field.name not in hidden]

    @property
    def shift(self) -> Shift | None:
        return _shifts.get(self.model)

    @property
    def is_about(self) -> bool:
        """Whether rows refer to rows of any model by its type and a key."""
        names = {field.name: field for field in self.model._meta.concrete_fields}
        return "content_type" in names and isinstance(names.get("object_id"), BigIntegerField)

    def rows(self, company_id: int) -> QuerySet[Any]:
        """Return the rows of a company, without those about something that is left out."""
        rows: QuerySet[Any] = self.model._base_manager.all()
        if self.model is Company:
            return rows.filter(pk=company_id)
        rows = rows.filter(**{self.path: company_id})
        if self.is_about:
            kept = ContentType.objects.get_for_models(*(table.model for table in tables())).values()
            rows = rows.filter(content_type__in=list(kept))
        return rows


#: The apps of the product. What others keep is secret (second factors) or passes (sessions).
APPS = frozenset({"crm", "people", "pipelines", "leads"})
#: Accounts belong to several companies: their names go with each, their secrets with none.
LEFT_OUT_COLUMNS: Mapping[type[Model], tuple[str, ...]] = {
    User: ("password", "last_login", "is_superuser"),
}


def leave_out(reasons: Mapping[type[Model], str]) -> None:
    """Leave models out of archives; each for a reason, which the documentation repeats."""
    _left_out.update(reasons)


def shift_keys(model: type[Model], shift: Shift) -> None:
    """Register what changes keys in columns of a model that are no foreign keys."""
    _shifts[model] = shift


def share(model: type[Model], shared: Shared) -> None:
    """Register a model of which all companies share the rows without a company."""
    _shared[model] = shared


def shared() -> Mapping[type[Model], Shared]:
    return _shared


def left_out() -> Mapping[type[Model], str]:
    return _left_out


@cache
def tables() -> tuple[Table, ...]:
    """Return the tables of an archive, each after those that it refers to."""
    found: dict[type[Model], Table] = {}
    for model in _models():
        if model not in _left_out:
            path = "" if model in (Company, User) else _path(model, frozenset())
            found[model] = Table(model=model, path=path or "")
    ordered: dict[type[Model], None] = {}

    def add(model: type[Model], above: tuple[type[Model], ...]) -> None:
        for field in model._meta.concrete_fields:
            target: Any = field.related_model
            if isinstance(field, ForeignKey) and target in found and target not in (*above, model):
                add(target, (*above, model))
        ordered.setdefault(model, None)

    accounts_first: list[type[Model]] = [User, Company, *found]
    for model in accounts_first:
        add(model, ())
    return tuple(found[model] for model in ordered)


def gaps() -> list[str]:
    """Return the models that are neither reached from a company nor left out for a reason."""
    reached = {table.model for table in tables() if table.path or table.model in (Company, User)}
    return [model._meta.label for model in _models() if model not in reached and model not in _left_out]


def _models() -> list[type[Model]]:
    own = [config for config in apps.get_app_configs() if config.label in APPS]
    return [model for config in own for model in config.get_models(include_auto_created=True)]


def _path(model: type[Model], seen: frozenset[type[Model]]) -> str | None:
    """Return the path of foreign keys from a model to the company of a row."""
    keys = [field for field in model._meta.concrete_fields if isinstance(field, ForeignKey)]
    for field in keys:
        if field.related_model is Company:
            return str(field.attname)
    for field in keys:
        target = field.related_model
        if field.null or target in seen or target in _left_out or target is User:
            continue
        further = _path(target, seen | {model})
        if further is not None:
            return f"{field.name}__{further}"
    return None
