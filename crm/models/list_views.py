"""Saved views of the lists of the admin, and the columns that members have chosen."""

from typing import ClassVar, Self

from django.conf import settings
from django.db import models

from crm.actors import Actor
from crm.models.base import TenantModel, TenantQuerySet
from crm.models.texts import NameKeyField

LONGEST_QUERY = 2000


class ListViewQuerySet(TenantQuerySet["ListView"]):
    def visible_to(self, actor: Actor) -> Self:
        """Return the views of the actor, and those that others share."""
        own = models.Q(user_id=actor.user_id)
        return super().visible_to(actor).filter(own | models.Q(is_shared=True))


class ListView(TenantModel):
    """A list with its filters, search and order, under a name."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    #: The model of the list, such as ``leads.lead``.
    model = models.CharField(max_length=64)
    name = models.CharField(max_length=60)
    name_key = NameKeyField(max_length=255)
    #: The part of the address behind the question mark.
    query = models.CharField(max_length=LONGEST_QUERY, blank=True)
    is_shared = models.BooleanField("shared", default=False, help_text="All colleagues see the view.")

    objects: ClassVar[ListViewQuerySet] = ListViewQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["company", "user", "model", "name_key"],
                name="list_view_name_once",
                violation_error_message="You have a view of this name already.",
            )
        ]

    def __str__(self) -> str:
        return self.name


class ListColumnsQuerySet(TenantQuerySet["ListColumns"]):
    def visible_to(self, actor: Actor) -> Self:
        """Return the choices of the actor."""
        return super().visible_to(actor).filter(user_id=actor.user_id)


class ListColumns(TenantModel):
    """The columns that a member has chosen for a list, in their order."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    model = models.CharField(max_length=64)
    columns = models.JSONField(default=list)

    objects: ClassVar[ListColumnsQuerySet] = ListColumnsQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = "columns of a list"
        verbose_name_plural = "columns of lists"
        constraints = [models.UniqueConstraint(fields=["company", "user", "model"], name="list_columns_once")]

    def __str__(self) -> str:
        return f"Columns of {self.model}"
