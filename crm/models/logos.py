"""The logos of companies."""

from django.db import models

from crm.models.companies import Company


class CompanyLogo(models.Model):
    """The image of a company in the frame of its pages: small, and so in the database with its company."""

    company = models.OneToOneField(Company, on_delete=models.CASCADE, primary_key=True, related_name="+")
    type = models.CharField(max_length=32)
    content = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.type} of {len(self.content)} bytes"
