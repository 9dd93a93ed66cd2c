"""A name or title that shows nothing is refused like an empty one, through each door."""

from typing import Any

import pytest

from leads.models import Lead
from people.models import Organization, Person
from tests.admin.conftest import errors_of, form_of, signed_in
from tests.imports.conftest import import_leads, import_people
from tests.module_tenant import made_tenant, tenant
from tests.records.mutating import refused_paths
from tests.records.test_composed_texts import ADMIN_PAGES
from tests.stored import read_all

__all__ = ["import_leads", "import_people", "made_tenant", "signed_in", "tenant"]

pytestmark = [pytest.mark.django_db, pytest.mark.one_database, pytest.mark.usefixtures("unrendered")]

INVISIBLE = ["", "\u200b", "\u00ad", "\u3164", "\u2060\u200e \u00a0", "\U000e0041"]
#: Mutations that need a name: the field, and what else the input holds.
NAMED: dict[str, tuple[str, dict[str, str]]] = {
    "createLead": ("title", {}),
    "createOrganization": ("name", {}),
    "upsertOrganization": ("name", {}),
    "createPipeline": ("name", {}),
    "createTag": ("name", {}),
    "createLeadType": ("name", {}),
    "createLeadSource": ("name", {}),
    "createLeadStatus": ("name", {}),
    "createLeadLostReason": ("name", {}),
    "createContactType": ("name", {}),
    "createPeopleRelationship": ("name", {}),
    "createCustomFieldDefinition": ("name", {"model": "LEAD"}),
    "createImportMapping": ("name", {"model": "LEAD"}),
    "createPeople": ("firstname", {"lastname": "\u200b"}),
}


@pytest.mark.parametrize("mutation", NAMED)
def test_mutations(mutation, tenant):
    name, besides = NAMED[mutation]
    before = read_all()

    for text in INVISIBLE:
        paths = refused_paths(mutation, {name: text, **besides}, actor=tenant.actors.admin)
        assert f"input.{name}" in paths, text

    assert read_all() == before


NESTED: dict[str, tuple[str, Any]] = {
    "input.organization.name": ("createLead", lambda text: {"title": "Deal", "organization": {"name": text}}),
    "input.people.firstname": ("createLead", lambda text: {"title": "Deal", "people": {"firstname": text}}),
    "input.tags.0.name": ("createLead", lambda text: {"title": "Deal", "tags": [{"name": text}]}),
    "input.custom_fields.0.name": (
        "createLead",
        lambda text: {"title": "Deal", "custom_fields": [{"name": text, "value": 1}]},
    ),
    "input.stages.0.name": ("createPipeline", lambda text: {"name": "P", "stages": [{"name": text}]}),
    "input.choices": (
        "createCustomFieldDefinition",
        lambda text: {"name": "c", "model": "LEAD", "kind": "CHOICE", "choices": ["a", text]},
    ),
}


@pytest.mark.parametrize("path", NESTED)
def test_nested_inputs(path, tenant):
    mutation, given = NESTED[path]
    before = read_all()

    for text in INVISIBLE[1:]:
        assert refused_paths(mutation, given(text), actor=tenant.actors.admin) == [path], text
    assert read_all() == before


@pytest.mark.parametrize("page", ADMIN_PAGES)
def test_forms(page, signed_in):
    client = signed_in("admin")
    before = read_all()
    address = f"/admin/{page}/add/"
    named = {"leads/lead": "title", "people/person": "firstname"}.get(page, "name")
    filled = form_of(client, address, **ADMIN_PAGES[page])

    for text in ("\u200b", "\u00ad \u3164", "\ufeff\u2060"):
        assert named in errors_of(client.post(address, {**filled, named: text})), text

    assert read_all() == before


def test_rows_of_files(import_people, import_leads):
    people = import_people("firstname,lastname\n\u200b,\u00ad\n")
    leads = import_leads("title,organization\n\u3164,Acme\nDeal,\u200b\n")

    assert (people.code, leads.code) == (3, 3)
    assert not Person.objects.exists()
    assert not Lead.objects.exists()
    assert not Organization.objects.exists()
