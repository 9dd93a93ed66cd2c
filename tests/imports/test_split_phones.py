"""Several phone numbers in one cell: parted if the import is told to, through each of its doors."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from leads.models import Lead
from people.models import Contact, ContactKind, Person
from tests.clients import data
from tests.doors import contact_type
from tests.module_tenant import made_tenant, tenant

__all__ = ["made_tenant", "tenant"]

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
CELLS = [
    "415-555-4444 / 415-555-5555",
    "415-555-4444; 415-555-5555",
    "415-555-4444 or 415-555-5555",
    '"415-555-4444\n415-555-5555"',
    "+1 415 555 4444 +1 415 555 5555",
]
DAMAGED = "A spreadsheet shortened this number and its digits are lost: format the column as text."
SEVERAL = "Enter one phone number here, and each further one as a contact of its own."
IMPORT = """mutation ($input: [PeopleInput!]!, $split: Boolean! = false) {
  importPeoples(input: $input, split_phones: $split, on_duplicate: CREATE) }"""
FILE = """mutation ($file: Upload!, $split: Boolean!, $model: EntityType!) {
  importFile(file: $file, model: $model, split_phones: $split) {
    created failed errors { field message } } }"""


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    files = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = {**settings.STORAGES, "default": files}


def digits() -> list[str]:
    return [value[-8:] for value in Contact.objects.order_by("pk").values_list("value", flat=True)]


@pytest.mark.parametrize("cell", CELLS)
def test_people_by_command(import_people, cell):
    ended = import_people(f"firstname,phone,cellphone\nJane,{cell},n/a 415 555 6666\n", "--split-phones")

    assert (ended.code, ended.errors) == (0, [])
    assert [value.replace(" ", "-") for value in digits()] == ["555-4444", "555-5555", "555-6666"]
    kinds = list(Contact.objects.order_by("pk").values_list("type__kind", flat=True))
    assert kinds == [ContactKind.PHONE, ContactKind.PHONE, ContactKind.CELLPHONE]


def test_one_number_stays_one(import_people):
    import_people("firstname,phone\nJane,(415) 555-4444 ext. 12\n", "--split-phones")

    assert Contact.objects.get().value == "(415) 555-4444 ext. 12"


@pytest.mark.parametrize("cell", CELLS)
def test_leads_by_command(import_leads, cell):
    header = "title,phone,description\n"

    refused = import_leads(f"{header}Deal,{cell},Hello\n")
    parted = import_leads(f"{header}Deal,{cell},Hello\nPlain,415 555 7777,\n", "--split-phones")

    assert refused.errors[0] == f"line 2: phone: {SEVERAL}"
    assert parted.code == 0
    plain, lead = Lead.objects.order_by("-title")
    assert (plain.phone, plain.description) == ("415 555 7777", None)
    assert (lead.phone or "")[-4:] == "4444"
    first, second = (lead.description or "").splitlines()
    assert (first, second[:7], second[-4:]) == ("Hello", "Phone: ", "5555")


@pytest.mark.parametrize("model", ["PEOPLE", "LEAD"])
def test_files(actors, model):
    content = b"firstname,title,phone\nJane,Deal,415-555-4444 / 415-555-5555\n"
    content = content.replace(b"title,", b"").replace(b"Deal,", b"") if model == "PEOPLE" else content
    variables = {"file": SimpleUploadedFile("rows.csv", content), "split": True, "model": model}

    job = data(FILE, actor=actors.manager, variables=variables)["importFile"]

    assert job == {"created": 1, "failed": 0, "errors": []}
    assert digits() == (["555-4444", "555-5555"] if model == "PEOPLE" else [])
    assert [lead.phone for lead in Lead.objects.all()] == ([] if model == "PEOPLE" else ["415-555-4444"])


def test_inputs_of_the_api(actors):
    email, phone = (contact_type(kind).pk for kind in (ContactKind.EMAIL, ContactKind.PHONE))
    contacts = [
        {"contacts_types_id": email, "value": "jane@example.com"},
        {"contacts_types_id": phone, "value": "415-555-4444, 415-555-5555", "weight": 5},
    ]

    data(
        IMPORT,
        actor=actors.manager,
        variables={"input": [{"firstname": "Jane", "contacts": contacts}], "split": True},
    )

    jane = Person.objects.get()
    assert list(jane.contacts.order_by("weight", "pk").values_list("value", flat=True)) == [
        "jane@example.com",
        "415-555-5555",
        "415-555-4444",
    ]


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("4.91512E+12", DAMAGED),
        ("none", "Enter a phone number, with at least three digits."),
    ],
)
def test_cells_of_leads_that_are_no_phone(import_leads, cell, said):
    ended = import_leads(f"title,phone\nBad,{cell}\nGood,4155550177.0\n")

    assert ended.errors[0] == f"line 2: phone: {said}"
    assert Lead.objects.values("title", "phone", "phone_canonical").get() == {
        "title": "Good",
        "phone": "4155550177",
        "phone_canonical": "+14155550177",
    }


@pytest.mark.parametrize("cell", ["jane@", "none", "x" * 65 + "@example.com"])
def test_cells_of_leads_that_are_no_email(import_leads, cell):
    ended = import_leads(f"title,email\nBad,{cell}\n")

    assert ended.errors[0].startswith("line 2: email: ")
    assert not Lead.objects.exists()
