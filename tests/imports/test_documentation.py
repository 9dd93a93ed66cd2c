"""The columns and examples in docs/imports.md match the imports."""

import re
from pathlib import Path

import pytest

from crm.actors import Role
from crm.imports import ActivityImport
from crm.services.members import add_member
from leads.imports import LeadImport
from leads.models import Lead
from people.imports import PersonImport
from tests.factories.crm import UserFactory

GUIDE = (Path(__file__).parent.parent.parent / "docs" / "imports.md").read_text()
PEOPLE, REST = GUIDE.split("## Columns of people")[1].split("## Columns of leads")
LEADS, REST = REST.split("## Columns of activities")
ACTIVITIES = REST.split("## Through the API")[0]


@pytest.mark.parametrize(
    ("section", "importer"),
    [(PEOPLE, PersonImport), (LEADS, LeadImport), (ACTIVITIES, ActivityImport)],
)
def test_every_column_has_a_row(section, importer):
    first_cells = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    documented = [name for cell in first_cells for name in re.findall(r"`(.+?)`", cell)]

    custom = ["custom_fields.NAME"] if importer.columns.has_custom_fields else []
    assert sorted(documented) == sorted([*importer.columns.known, *custom])


@pytest.mark.django_db
def test_the_examples_are_imported_as_they_stand(import_people, import_leads, company):
    add_member(company, UserFactory(username="demo"), Role.AGENT)
    people, leads = re.findall(r"```csv\n(.*?)```", GUIDE, re.DOTALL)

    endings = [import_people(people), import_leads(leads)]

    assert [(ended.code, ended.lines) for ended in endings] == [(0, ["1 created, 0 failed, 1 in all."])] * 2
    lead = Lead.objects.get()
    assert (str(lead.person), str(lead.owner), lead.stage.name) == ("Zoë Åberg", "demo", "Proposal")
    assert lead.custom_fields == {"deal_value": "50000"}
