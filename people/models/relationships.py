"""Relationships of people to leads, and positions of people."""

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models

from crm.models.base import TenantModel, TenantQuerySet
from crm.models.named import NamedModel, unique_name
from people.models.organizations import Organization
from people.models.person import Person


class PeopleRelationship(NamedModel):
    """A role that a person can have for a lead, such as decision maker."""

    description = models.TextField(null=True, blank=True)

    objects: ClassVar[TenantQuerySet["PeopleRelationship"]] = TenantQuerySet[
        "PeopleRelationship"
    ].as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [unique_name("people_relationship_name_once", "relationship")]


class Employment(TenantModel):
    """A position that a person has or had, in an organization or elsewhere."""

    CURRENT = 1

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="employments")
    organization = models.ForeignKey(
        Organization, on_delete=models.SET_NULL, null=True, blank=True, related_name="employments"
    )
    position = models.CharField(max_length=255)
    income = models.DecimalField(max_digits=15, decimal_places=2, null=True, blank=True)
    income_type = models.CharField(max_length=64, null=True, blank=True)
    start_date = models.DateField(null=True, blank=True)
    end_date = models.DateField(null=True, blank=True)
    status = models.SmallIntegerField(default=CURRENT, choices=[(CURRENT, "Current"), (0, "Past")])

    objects: ClassVar[TenantQuerySet["Employment"]] = TenantQuerySet["Employment"].as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name_plural = "employment history"

    def __str__(self) -> str:
        return self.position

    def clean(self) -> None:
        self.check_same_company(organization=self.organization)
        # A position ends after it starts.
        if self.start_date and self.end_date and self.end_date < self.start_date:
            raise ValidationError({"end_date": "The end lies before the start."})
