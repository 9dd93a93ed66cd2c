"""The logo of the current company, as an image."""

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from crm.admin.base import acting
from crm.models import Company, CompanyLogo
from crm.streamed_files import POLICY

#: The address changes with the content.
A_YEAR = 365 * 24 * 3600


def logo_page(request: HttpRequest, hash: str) -> HttpResponse:
    """Answer the logo of the current company; another hash is not found, whoever it belongs to."""
    found = CompanyLogo.objects.visible_to(acting(request)).filter(company__logo_hash=hash).first()
    if found is None:
        raise Http404
    answer = HttpResponse(bytes(found.content), content_type=found.type)
    answer["Content-Security-Policy"] = POLICY
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = f"private, max-age={A_YEAR}, immutable"
    return answer


def logo_address(company: Company | None) -> str:
    """Return the address of a company's logo; empty without one."""
    if company is None or not company.logo_hash:
        return ""
    return reverse("admin:company_logo", args=[company.logo_hash])
