"""Custom fields of imported rows are held to their definitions."""

import pytest

from leads.models import Lead
from people.models import Person
from tests.factories.crm import CustomFieldDefinitionFactory

pytestmark = pytest.mark.django_db


def test_cells_are_stored_in_the_form_of_their_definition(import_leads, company):
    CustomFieldDefinitionFactory(company=company, name="budget", kind="NUMBER")
    CustomFieldDefinitionFactory(company=company, name="hot", kind="BOOLEAN")

    ended = import_leads(
        "title,custom_fields.Budget,custom_fields.hot,custom_fields.free\nA,42.50,yes,1\nB,many,,1\nC,,no,\n"
    )

    assert ended.lines == ["2 created, 1 failed, 3 in all."]
    assert ended.errors[0] == "line 3: custom_fields.Budget: Expected a number."
    assert dict(Lead.objects.values_list("title", "custom_fields")) == {
        "A": {"budget": 42.5, "hot": True, "free": "1"},
        "C": {"hot": False},
    }


def test_a_row_without_a_required_field_is_said_to_lack_it(import_people, company):
    CustomFieldDefinitionFactory(company=company, model="PEOPLE", name="size", required=True)

    ended = import_people("firstname,custom_fields.size\nAnna,L\nBert,\n")

    assert ended.errors[0] == "line 3: custom_fields: size: This field is required."
    assert list(Person.objects.values_list("firstname", flat=True)) == ["Anna"]
