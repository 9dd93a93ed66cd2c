"""Saved mappings: a command saves one, every door uses it, what is said for a file comes first."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from crm.errors import Forbidden, NotFound
from crm.importing.mappings import save_mapping
from crm.importing.options import ImportOptions
from crm.models import ImportMapping
from crm.services.import_mappings import delete_mapping
from people.models import Organization, Person
from tests.clients import ask, data, refusal
from tests.module_tenant import made_tenant, tenant

__all__ = ["made_tenant", "tenant"]

pytestmark = pytest.mark.django_db

FILE = "Rufname;Post;Egal;Seit;Post\nAnn;ann@example.com;x;31.12.1990;ann@example.org\n"
OPTIONS = (
    *("--map", "Rufname=firstname", "--map", "Seit=dob", "--column", "2=email", "--column", "5=email_2"),
    *("--ignore-rest", "--date-format", "DD.MM.YYYY", "--null-marker", "unbekannt", "--source", "Altsystem"),
)
CREATE = "mutation ($input: ImportMappingInput!) { createImportMapping(input: $input) { id name mapping } }"


def save(import_people) -> ImportMapping:
    ended = import_people(FILE, *OPTIONS, "--save-mapping", "Alte Liste")
    assert (ended.code, ended.lines) == (0, ["1 created, 0 failed, 1 in all."])
    mapping: ImportMapping = ImportMapping.objects.get()
    return mapping


def test_a_mapping_reads_the_next_file_whose_columns_moved(import_people):
    mapping = save(import_people)
    assert (mapping.name, mapping.model) == ("Alte Liste", "PEOPLE")
    kept = ImportOptions.from_json(mapping.options).columns
    assert kept.titles == {"Rufname": "firstname", "Seit": "dob"}
    assert (kept.columns, kept.source) == ({2: "email", 5: "email_2"}, "Altsystem")

    moved = "Seit,Rufname,Neu\n24.12.1980,Bob,x\nunbekannt,Eve,\n"
    ended = import_people(moved, "--mapping", "alte  LISTE")

    assert (ended.code, ended.lines) == (0, ["2 created, 0 failed, 2 in all."])
    assert "Not stored: Neu." in ended.errors
    assert {person.firstname: str(person.dob) for person in Person.objects.exclude(firstname="Ann")} == {
        "Bob": "1980-12-24",
        "Eve": "None",
    }


def test_what_is_typed_comes_before_what_is_saved(import_people):
    save(import_people)

    ended = import_people(
        "Rufname,Seit\nAnn,12/31/1990\n",
        *("--mapping", "Alte Liste", "--map", "Rufname=lastname", "--date-format", "MM/DD/YYYY"),
        *("--save-mapping", "Alte Liste"),
    )

    assert (ended.code, ended.errors[-1]) == (0, "Saved as mapping Alte Liste.")
    assert Person.objects.filter(lastname="Ann", dob="1990-12-31").count() == 1
    kept = ImportOptions.from_json(ImportMapping.objects.get().options).columns
    assert (kept.titles, kept.columns) == ({"Rufname": "lastname", "Seit": "dob"}, {})


def test_an_unknown_mapping_is_refused_with_those_that_there_are(import_people, import_leads, actors):
    save(import_people)
    save_mapping("Another", "PEOPLE", ImportOptions(), actor=actors.manager)

    ended = import_people(FILE, "--mapping", "list")
    other = import_leads("title\nDeal\n", "--mapping", "Alte Liste")

    known = "There is no mapping list. Saved for this kind of record: Alte Liste, Another."
    none = "There is no mapping Alte Liste. None is saved for this kind of record."
    assert (ended.code, ended.errors) == (1, [known])
    assert (other.code, other.errors) == (1, [none])


def test_a_mapping_of_the_api_is_used_by_its_name(actors, settings, tmp_path):
    files = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = {**settings.STORAGES, "default": files}
    actor = actors.manager
    reading = {
        "delimiter": "tab",
        "columns": [{"number": 2, "field": "city"}],
        "split_columns": [{"name": "tags", "separator": "/"}],
        "ignore_rest": True,
    }
    given = {"model": "ORGANIZATION", "name": "CRM", "mapping": {"Firma": "name"}, "reading": reading}
    made = data(CREATE, actor=actor, variables={"input": given})["createImportMapping"]
    assert made == {"id": made["id"], "name": "CRM", "mapping": {"Firma": "name"}}

    change = """mutation ($id: ID!, $input: ImportMappingInput!) {
      updateImportMapping(id: $id, input: $input) { encoding mapping reading } }"""
    changed = data(change, actor=actor, variables={"id": made["id"], "input": {"encoding": "latin-1"}})

    kept = {**reading, "delimiter": "\t"}
    expected = {"encoding": "latin-1", "mapping": {"Firma": "name"}, "reading": kept}
    assert changed["updateImportMapping"] == expected
    document = """mutation ($file: Upload!, $name: String) {
      importFile(file: $file, model: ORGANIZATION, mapping_name: $name) { created failed } }"""
    raw = "Firma\tOrt\ttags\nM\xfcller\tRom\ta/b\n".encode("latin-1")
    variables = {"file": SimpleUploadedFile("rows.csv", raw), "name": "crm"}
    assert data(document, actor=actor, variables=variables)["importFile"] == {"created": 1, "failed": 0}
    stored = Organization.objects.get(name="Müller")
    assert (stored.city, stored.tags.count()) == ("Rom", 2)

    answer = ask(document, actor=actor, variables={**variables, "name": "none"})
    assert answer["errors"][0]["extensions"]["validation"] == {
        "mapping_name": ["There is no mapping none. Saved for this kind of record: CRM."]
    }


@pytest.mark.parametrize(
    ("given", "field", "message"),
    [
        ({"mapping": {"Firma": "shoe"}}, "input.mapping", "Unknown fields: shoe. Known fields: "),
        ({"mapping": ["name"]}, "input.mapping", "Enter an object of titles and fields."),
        ({"name": "CRM"}, "input.name", "A mapping of this name exists already."),
        ({"reading": {"decimal": "x"}}, "input.reading.decimal", "Choose a comma or a point."),
    ],
)
def test_what_no_file_could_have_is_not_saved(given, field, message, actors):
    save_mapping("crm", "ORGANIZATION", ImportOptions(), actor=actors.manager)

    values = {"model": "ORGANIZATION", "name": "New", **given}
    answer = ask(CREATE, actor=actors.manager, variables={"input": values})

    [(path, [said])] = answer["errors"][0]["extensions"]["validation"].items()
    assert (path, said[: len(message)]) == (field, message)
    assert ImportMapping.objects.count() == 1


def test_only_who_may_import_has_mappings_and_only_of_the_own_company(actors, other_tenant):
    mapping = save_mapping("CRM", "LEAD", ImportOptions(), actor=actors.admin)
    other = other_tenant.actors.admin

    with pytest.raises(Forbidden):
        save_mapping("CRM", "LEAD", ImportOptions(), actor=actors.agent)
    with pytest.raises(NotFound):
        delete_mapping(mapping.pk, actor=other)
    refused = refusal("{ importMappings { data { id } } }", actor=actors.agent)
    assert refused["extensions"]["code"] == "FORBIDDEN"
    assert data("{ importMappings { data { id } } }", actor=other)["importMappings"]["data"] == []

    delete_mapping(mapping.pk, actor=actors.manager)
    assert not ImportMapping.objects.exists()
