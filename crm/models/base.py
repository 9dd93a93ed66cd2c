"""What every row of a tenant has in common."""

from collections.abc import Callable, Sequence
from typing import Any, Self, TypeVar

from django.core.exceptions import ValidationError
from django.db import models

from crm.actors import Actor
from crm.database.keys import named_key
from crm.errors import NotFound

Row = TypeVar("Row", bound=models.Model)


class FollowedQuerySet(models.QuerySet[Row]):
    """Rows to which functions add something, once, when they have been read."""

    _followers: tuple[Callable[[Sequence[Row]], None], ...] = ()

    def followed_by(self, follower: Callable[[Sequence[Row]], None]) -> Self:
        """Have a function called once with the rows, when they have been read, to add to them."""
        clone = self.all()
        clone._followers = (*self._followers, follower)
        return clone

    def _clone(self) -> Self:
        clone: Self = super()._clone()  # type: ignore[misc]  # Django's own way to pass state on
        clone._followers = self._followers
        return clone

    def _fetch_all(self) -> None:
        unread = self._result_cache is None
        super()._fetch_all()
        if unread and self._result_cache:
            for follower in self._followers:
                follower(self._result_cache)


class TenantQuerySet(FollowedQuerySet[Row]):
    """Rows of companies, read through ``visible_to`` alone."""

    def visible_to(self, actor: Actor) -> Self:
        """Narrow to the rows that exist for the actor; comes first in every chain."""
        return self.filter(company_id=actor.company_id)

    def find(self, actor: Actor, key: object, *, argument: str = "id") -> Row:
        """Give the one visible row with this primary key or UUID.

        :param argument: path of the input that named the key, for the error.
        :raises NotFound: if no such row exists for the actor.
        """
        return pick(self.visible_to(actor), key, argument=argument)


def pick(queryset: models.QuerySet[Row], key: object, *, argument: str = "id") -> Row:
    """Give the one row of the queryset with this primary key or UUID.

    :raises NotFound: if there is none.
    """
    found = keyed(queryset, key).first()
    if found is None:
        raise NotFound(argument)
    return found


def keyed(queryset: models.QuerySet[Row], key: object) -> models.QuerySet[Row]:
    """Narrow a queryset to the row with this primary key or UUID; to none if the key is neither."""
    named = named_key(queryset.model, key)
    return queryset.none() if named is None else queryset.filter(**{named[0]: named[1]})


class Stamped(models.Model):
    """When the row was made and last changed."""

    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class TenantModel(Stamped):
    """A row that belongs to one company."""

    company = models.ForeignKey("crm.Company", on_delete=models.CASCADE, related_name="+", editable=False)

    company_id: int

    class Meta:
        abstract = True

    def is_visible_to(self, actor: Actor) -> bool:
        """Tell whether ``visible_to`` would give this row, without asking the database."""
        return self.company_id == actor.company_id

    def check_same_company(self, **related: Any) -> None:
        """Refuse a relation to a row of another company.

        :raises ValidationError: keyed by the name of the relation.
        """
        for name, row in related.items():
            if row is not None and row.company_id not in (None, self.company_id):
                raise ValidationError({name: "This choice does not exist."})
