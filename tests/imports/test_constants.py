"""Values that are the same in each row, through every door."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from crm.models import Activity, ImportJob, ImportMapping
from leads.models import Lead
from people.models import Person
from people.services.people import create_person
from tests.admin.conftest import signed_in
from tests.admin.test_imports import applied, planned, uploaded
from tests.clients import ask
from tests.imports.conftest import importing
from tests.module_tenant import made_tenant, tenant

__all__ = ["made_tenant", "signed_in", "tenant"]

pytestmark = pytest.mark.django_db

FILE = "firstname,email\nAnn,ann@example.com\nBob,bob@example.com\n"
READ = """mutation ($file: Upload!, $constants: [ImportConstantInput!]) {
  importFile(file: $file, model: PEOPLE, reading: {constants: $constants}) {
    status created failed errors { row field message }
  }
}"""


def tags_of(*names: str) -> dict[str, list[str]]:
    people = Person.objects.filter(firstname__in=names)
    return {person.firstname or "": sorted(tag.name for tag in person.tags.all()) for person in people}


def test_a_command_gives_each_row_the_same_values(import_people, tenant):
    ended = import_people(FILE, "--set", "tags=Fair;2026", "--set", "custom_fields.from=a=b")

    assert (ended.code, ended.lines) == (0, ["2 created, 0 failed, 2 in all."])
    assert tags_of("Ann", "Bob") == {"Ann": ["2026", "Fair"], "Bob": ["2026", "Fair"]}
    assert {person.custom_fields["from"] for person in Person.objects.all()} == {"a=b"}
    assert "In each row: tags=Fair;2026, custom_fields.from=a=b." in ended.errors
    # The rows mean something else with another value.
    assert import_people(FILE, "--set", "tags=Fair;2026").lines == [
        "0 created, 2 unchanged, 0 failed, 2 in all."
    ]
    assert import_people(FILE, "--set", "tags=Later").lines == ["0 created, 2 updated, 0 failed, 2 in all."]


def test_a_file_of_calls_is_about_people_without_a_column_that_says_so(tenant, tmp_path):
    create_person({"firstname": "Ann", "email": "ann@example.com"}, actor=tenant.actors.manager)
    calls = "record_name,kind,subject,created_at\nann@example.com,CALL,Asked for an offer,2024-03-01 10:00\n"

    ended = importing("import_activities", tenant, tmp_path)(calls, "--set", "record_kind=people")

    assert (ended.code, ended.lines) == (0, ["1 created, 0 failed, 1 in all."]), ended.errors
    assert Activity.objects.get().subject == "Asked for an offer"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--set", "shoe=42"], "Unknown fields: shoe."),
        (
            ["--set", "email=x@example.com"],
            "email is a column of the file, and the same in each row: leave the column or the value out.",
        ),
        (["--set", "owner="], "--set owner= is no pair such as FIELD=VALUE."),
        (["--set", "owner"], "--set owner is no pair such as FIELD=VALUE."),
    ],
)
def test_what_cannot_be_the_same_in_each_row_is_refused(import_people, options, message):
    ended = import_people(FILE, *options)

    assert ended.code != 0
    assert message in "\n".join(ended.errors)
    assert not Person.objects.exists()


def test_a_value_that_is_wrong_is_reported_for_each_row(import_leads):
    ended = import_leads("title\nDeal\nOther\n", "--set", "stage=Nowhere")

    assert (ended.code, ended.lines) == (3, ["0 created, 2 failed, 2 in all."])
    assert not Lead.objects.exists()


def test_a_saved_mapping_keeps_them_and_what_is_typed_comes_first(import_people):
    import_people(FILE, "--set", "tags=Fair", "--set", "city=Rome", "--save-mapping", "Fairs")
    assert ImportMapping.objects.get().options["columns"]["constants"] == {"tags": "Fair", "city": "Rome"}

    import_people("firstname\nCarl\n", "--mapping", "Fairs", "--set", "city=Oslo")

    carl = Person.objects.get(firstname="Carl")
    assert [address.city for address in carl.addresses.all()] == ["Oslo"]
    assert tags_of("Carl") == {"Carl": ["Fair"]}


def test_the_api_takes_them(tenant, settings, tmp_path):
    files = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = {**settings.STORAGES, "default": files}

    def read(*constants: dict[str, str]) -> Any:
        variables = {"file": SimpleUploadedFile("rows.csv", FILE.encode()), "constants": constants}
        return ask(READ, actor=tenant.actors.manager, variables=variables)

    assert read({"field": "tags", "value": "Fair"})["data"]["importFile"]["created"] == 2
    assert tags_of("Ann") == {"Ann": ["Fair"]}
    [refused] = read({"field": "tags", "value": " "})["errors"]
    assert refused["extensions"]["validation"] == {"reading.constants": ["Give a field and its value."]}


def test_the_page_takes_them(signed_in, settings, tmp_path):
    files = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = {**settings.STORAGES, "default": files}
    client = signed_in("manager")
    address = uploaded(client, FILE)

    page = planned(client, address, constants="tags=Fair\n\ncity = Rome")
    job = applied(client, ImportJob.objects.get(dry_run=True))

    assert (job.created, tags_of("Bob")) == (2, {"Bob": ["Fair"]})
    assert page.status_code == 200
    refused = planned(client, uploaded(client, FILE), constants="email=x@example.com")
    assert "leave the column or the value out" in refused.content.decode()
    assert refused.context_data["asked"] == "constants"
    refused = planned(client, uploaded(client, FILE), constants="Fair")
    assert "is no pair" in refused.content.decode()
    assert reverse("admin:index") in address
