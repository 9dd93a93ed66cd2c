"""Rows of a company that people know by their names."""

from django.db import models

from crm.models.base import TenantModel
from crm.models.texts import NameKeyField


class NamedModel(TenantModel):
    """A row of a company with a name."""

    name = models.CharField(max_length=120)
    name_key = NameKeyField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


def unique_name(constraint: str, noun: str) -> models.UniqueConstraint:
    """Return the constraint that a company uses a name once, whatever its case and spelling.

    :param noun: what the rows are called in the message.
    """
    return models.UniqueConstraint(
        fields=["company", "name_key"],
        name=constraint,
        violation_error_message=f"A {noun} of this name exists already.",
    )
