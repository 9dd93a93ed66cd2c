"""Empty files with every column that an import takes."""

import csv

import pytest

from crm.importing.templates import template_columns
from crm.models import CustomFieldDefinition, ImportKind
from crm.records.registry import import_kind
from tests.commands.running import run

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("people", ImportKind.PEOPLE),
        ("organizations", ImportKind.ORGANIZATION),
        ("leads", ImportKind.LEAD),
        ("activities", ImportKind.ACTIVITY),
    ],
)
def test_a_template_has_every_column_and_the_import_takes_it(tenant, tmp_path, model, kind):
    columns = import_kind(kind).row_import.columns
    if columns.has_custom_fields:
        CustomFieldDefinition.objects.create(company=tenant.company, model=kind, name="Région")
    file = tmp_path / "empty.csv"

    ended = run(
        "import_template", model, str(file), "--company", str(tenant.company.pk), "--as", "agent@tenant"
    )

    [titles] = csv.reader(file.read_text().splitlines())
    assert ended.lines == [f"{len(titles)} columns are in {file}."]
    assert set(columns.known) <= set(titles)
    assert [title for title in titles if not columns.accepts(title)] == []
    assert ("custom_fields.Région" in titles) == columns.has_custom_fields
    taken = run(
        f"import_{model}", str(file), "--company", str(tenant.company.pk), "--as", "manager@tenant", "--json"
    )
    assert '"total": 0' in taken.lines[-1]


def test_a_template_of_another_company_has_its_own_fields(tenant, other_tenant):
    CustomFieldDefinition.objects.create(company=other_tenant.company, model="LEAD", name="secret")

    assert "custom_fields.secret" not in template_columns(ImportKind.LEAD, tenant.actors.agent)


def test_a_template_overwrites_nothing_and_is_for_members(tenant, other_tenant, tmp_path):
    file = tmp_path / "filled.csv"
    file.write_text("title\nDeal\n")
    own = ("--company", str(tenant.company.pk), "--as", "agent@tenant")

    refused = run("import_template", "leads", str(file), *own)
    assert (refused.code, refused.errors[-1]) == (1, f"Cannot write {file}: File exists.")
    assert file.read_text() == "title\nDeal\n"
    foreign = ("--company", str(other_tenant.company.pk), "--as", "agent@tenant")
    assert "is not an active member" in run("import_template", "leads", *foreign).errors[-1]
