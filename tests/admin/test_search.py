"""Searches of the admin ignore case and the form of letters, on both databases."""

import pytest

from leads.models import LeadSource
from pipelines.models import Pipeline, Stage
from tests.admin.conftest import signed_in
from tests.factories.leads import LeadRotationFactory
from tests.factories.people import OrganizationFactory, PersonFactory

__all__ = ["signed_in"]

pytestmark = pytest.mark.django_db

PAGES = [
    "leads/leadsource",
    "leads/leadrotation",
    "pipelines/pipeline",
    "pipelines/stage",
    "people/person",
    "people/organization",
]


@pytest.mark.parametrize("text", ["écho", "E\u0301CHO", "ÉCHO de", "ΣΊΓΜΑΣ", "σίγμας"])
@pytest.mark.parametrize("page", PAGES)
def test_search(page, text, signed_in, tenant):
    name = "Écho de σίγμας"
    company = tenant.company
    LeadSource.objects.create(company=company, name=name)
    LeadRotationFactory(company=company, name=name)
    pipeline = Pipeline.objects.create(company=company, name=name, slug="x")
    Stage.objects.create(company=company, pipeline=pipeline, name=name)
    PersonFactory(company=company, firstname=name)
    OrganizationFactory(company=company, name=name)
    client = signed_in("admin")

    def found(term):
        return [str(row) for row in client.get(f"/admin/{page}/", {"q": term}).context_data["cl"].result_list]

    assert found(text) == [name]
    assert found(f"{text}x") == []
