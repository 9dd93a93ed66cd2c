"""import_people: what is stored of a row, and what is said of one that is not."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.actors import Door
from crm.importing import jobs
from crm.models import DuplicatePolicy, Tag
from people.imports import PersonImport
from people.models import Contact, Organization, Person
from tests.factories.people import OrganizationFactory, PersonFactory
from tests.imports.conftest import row_counts
from tests.module_tenant import made_tenant, tenant

__all__ = ["made_tenant", "tenant"]

pytestmark = pytest.mark.django_db

FULL = (
    "firstname,middlename,lastname,email,dob,phone,cellphone,organization,tags,address,address_2,city,county,"
    "state,zip,country,custom_fields.segment,custom_fields.Größe\n"
    '" Zoë","Å.","Åberg, Jr.", zoe@Example.com ,1990-12-31,+46 8 123 456,070-1234567,ÅBERG & co,'
    ' VIP ; Newsletter;,"Storgatan 1\r\nbv","c/o ""Bo""",Malmö,Skåne,M,0211,SE,=B,0050000\n'
)


def test_every_column_is_stored_as_it_stands(import_people, tenant):
    known = OrganizationFactory(company=tenant.company, name="Åberg & Co")

    ended = import_people(FULL)

    person = Person.objects.get()
    address = person.addresses.get()
    assert (ended.code, ended.lines, ended.errors) == (0, ["1 created, 0 failed, 1 in all."], [])
    assert (person.company, person.user) == (tenant.company, tenant.users["manager"])
    assert (person.firstname, person.middlename, person.lastname) == ("Zoë", "Å.", "Åberg, Jr.")
    assert (person.name, person.email, person.dob) == (
        "Zoë Å. Åberg, Jr.",
        "zoe@Example.com",
        date(1990, 12, 31),
    )
    assert person.custom_fields == {"segment": "=B", "Größe": "0050000"}
    assert set(person.contacts.values_list("type__name", "value")) == {
        ("Email", "zoe@Example.com"),
        ("Phone", "+46 8 123 456"),
        ("Cellphone", "070-1234567"),
    }
    assert set(person.tags.values_list("name", flat=True)) == {"VIP", "Newsletter"}
    assert (address.address, address.address_2) == ("Storgatan 1 bv", 'c/o "Bo"')
    assert (address.city, address.county, address.state) == ("Malmö", "Skåne", "M")
    assert (address.zip, address.country, address.is_default) == ("0211", "SE", True)
    assert person.organizations.get() == known


def test_blank_cells_say_nothing(import_people):
    header, row = FULL.splitlines()[0], "Zoë" + "," * 17

    ended = import_people(f"{header}\n{row}\n")

    person = Person.objects.get()
    assert ended.code == 0
    assert (person.firstname, person.lastname, person.email, person.dob) == ("Zoë", None, None, None)
    assert person.custom_fields == {}
    assert not person.contacts.exists()
    assert not person.addresses.exists()
    assert not person.organizations.exists()
    assert not Tag.objects.exists()


@pytest.mark.parametrize(
    "name", ["O'Brien", "Đặng Thị", "山田", "محمد", "Ivan\u200d", "Nguyễn Văn", "<b>", "🙂", "x" * 120]
)
def test_names_of_all_scripts(import_people, name):
    import_people(f"lastname\n{name}\n")

    assert Person.objects.get().lastname == name


def test_one_organization_is_made_for_all_its_people(import_people, other_tenant):
    OrganizationFactory(company=other_tenant.company, name="Acme")

    import_people("email,organization\na@x.example,Acme\nb@x.example,acme\nc@x.example,ACME \n")

    organization = Organization.objects.exclude(company=other_tenant.company).get()
    assert organization.name == "Acme"
    assert organization.people.count() == 3


def test_rows_that_break_a_rule_are_told_by_line_and_the_others_stay(import_people):
    ended = import_people(
        "firstname,email,dob,phone,city,tags,custom_fields.a,organization\n"
        "Ann,ann@example.com,,,,,,\n"
        "Bob,bob at example,,,,,,\n"
        ",,,+1 555,,,,\n"
        '"Ce\nce",cece@example.com,31.13.1990,,,,,\n'
        "Dan,dan@example.com,,,,,,,x\n"
        f"Eve,,,{'1' * 256},,,,\n"
        f"Fay,,,,{'c' * 121},,,\n"
        f"Gil,,,,,a;{'t' * 121},,\n"
        f"Hal,,,,,,,{'o' * 256}\n"
        f"{'i' * 121},ida,1990-02-30,,,,,\n"
        f"{'j' * 121},jo@,,,,,,\n"
        "Kim,kim@example.com,,,,,,\n"
    )

    assert ended.code == 3
    assert ended.lines == ["2 created, 10 failed, 12 in all."]
    assert ended.errors == [
        "line 3: email: Enter a valid email address.",
        "line 4: firstname: Enter a first name, a last name or an e-mail address.",
        "line 5: dob: Enter a date as YYYY-MM-DD.",
        "line 7: 9 cells, but 8 columns: column 9 has 'x'.",
        "line 8: phone: Ensure this value has at most 255 characters (it has 256).",
        "line 9: city: Ensure this value has at most 120 characters (it has 121).",
        "line 10: tags: Ensure this value has at most 120 characters (it has 121).",
        "line 11: organization: Ensure this value has at most 255 characters (it has 256).",
        "line 12: dob: Enter a date as YYYY-MM-DD.",
        "line 13: firstname: Ensure this value has at most 120 characters (it has 121).",
        "line 13: email: Enter a valid email address.",
        "10 of 12 rows failed.",
    ]
    assert list(Person.objects.order_by("pk").values_list("firstname", flat=True)) == ["Ann", "Kim"]
    # What a refused row began is gone with it.
    assert not Tag.objects.exists()
    assert not Organization.objects.exists()
    assert Contact.objects.count() == 2


@pytest.mark.parametrize(
    "date_text", ["19901231", "1990-W52-1", "90-13-31", "1990-12-31T00:00", "١٩٩٠-١٢-٣١"]
)
def test_only_iso_dates_are_dates(import_people, date_text):
    ended = import_people(f"firstname,dob\nAnn,{date_text}\n")

    assert (ended.code, ended.errors[0]) == (3, "line 2: dob: Enter a date as YYYY-MM-DD.")
    assert not Person.objects.exists()


def test_people_like_one_another_are_different_people(import_people, tenant):
    PersonFactory(company=tenant.company, email="ann@example.com")

    ended = import_people("email\nann@example.com\nann@example.com\n", "--on-match", "create")

    assert ended.code == 0
    assert Person.objects.filter(email="ann@example.com").count() == 3


def test_dry_run_reports_and_stores_nothing(import_people):
    before = row_counts()
    text = FULL + "x@example," + "," * 16 + "\n,,,bad" + "," * 14 + "\n"

    dry = import_people(text, "--dry-run")

    assert dry.code == 3
    assert dry.lines == [
        "Dry run, nothing is stored: 2 created, 1 failed, 3 in all.",
        "line 2: create",
        "line 4: create",
        "line 5: reject: email: Enter a valid email address.",
    ]
    assert dry.errors[0] == "line 5: email: Enter a valid email address."
    assert row_counts() == before


def statements_of(import_people, count: int) -> int:
    rows = "".join(
        f"Ann{n},ann{count}.{n}@example.com,+1 212 555 {count}{n:02},Acme,VIP,Berlin\n" for n in range(count)
    )
    with CaptureQueriesContext(
        connection,
    ) as queries:
        ended = import_people(f"firstname,email,phone,organization,tags,city\n{rows}")
    assert ended.code == 0
    return len(queries)


def test_more_rows_take_no_more_statements(import_people, monkeypatch):
    monkeypatch.setattr(jobs, "BATCH", 100)
    statements_of(import_people, 1)

    ten, sixty = statements_of(import_people, 10), statements_of(import_people, 60)

    # Rows are written together; their keys are fetched a hundred at a time.
    assert sixty - ten <= 3


def test_a_row_of_a_name_and_an_email_takes_few_statements(actors):
    rows = PersonImport(actors.manager.through(Door.IMPORT), DuplicatePolicy.CREATE)

    with CaptureQueriesContext(connection) as queries:
        rows.store({"firstname": "Ann", "email": "ann@example.com"})

    assert len(queries) == (6 if connection.vendor == "postgresql" else 8)
