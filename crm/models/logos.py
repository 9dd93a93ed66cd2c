"""The logos of companies."""

from typing import ClassVar, Self

from django.db import models

from crm.actors import Actor
from crm.models.companies import Company


class CompanyLogoQuerySet(models.QuerySet["CompanyLogo"]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(company__in=Company.objects.visible_to(actor))


class CompanyLogo(models.Model):
    """The image of a company in the frame of its pages: small, and so in the database with its company."""

    company = models.OneToOneField(Company, on_delete=models.CASCADE, primary_key=True, related_name="+")
    type = models.CharField(max_length=32)
    content = models.BinaryField()

    objects: ClassVar[CompanyLogoQuerySet] = CompanyLogoQuerySet.as_manager()  # type: ignore[assignment]

    def __str__(self) -> str:
        return f"{self.type} of {len(self.content)} bytes"
