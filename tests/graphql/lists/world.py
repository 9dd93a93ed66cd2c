"""Records with rows in all their relations, to test the statements and the answers of lists."""

from django.contrib.contenttypes.models import ContentType

from leads.models import Lead
from people.models import Organization, Person
from tests.factories.crm import Tenant
from tests.rows.registry import new_rows

#: The text of all records: lists that are ordered by it have ties to break.
TEXT = "Acme deal"


def add_records(tenant: Tenant, number: int) -> None:
    """Create this number of each record, each with related rows of its own."""
    # Django caches content types in the process: they must not count as statements of a list.
    ContentType.objects.get_for_models(Lead, Person, Organization)
    tenant.company.default_owner = tenant.users["agent"]
    tenant.company.save()
    for _ in range(number):
        new_rows(tenant, TEXT).all()
