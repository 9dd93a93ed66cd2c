"""Files as other products write them: each stops with a sentence that says what to type, and then loads."""

import re
import shlex
from pathlib import Path

import pytest

from crm.models import ImportJob, ImportRow, Tag
from leads.models import Lead
from people.models import Organization, Person
from pipelines.models import Pipeline, Stage
from tests.commands.running import Ended, run
from tests.factories.people import PersonFactory
from tests.factories.pipelines import PipelineFactory, StageFactory
from tests.imports.conftest import row_counts
from tests.module_tenant import made_tenant, tenant

__all__ = ["made_tenant", "tenant"]

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

SAMPLES = Path(__file__).parent / "samples"
GUIDE = (Path(__file__).parent.parent.parent / "docs" / "imports.md").read_text()
#: The table in the guide: file, what stops it, and the command that loads it.
ROWS = re.findall(r"^\| `([^`]+\.\w+)` \| [^|]+ \| (.*?) \| `(import_\w+)(.*?)` \|$", GUIDE, re.MULTILINE)

#: What each command creates, refuses and leaves out.
COUNTS = {
    "01-hubspot-contacts.csv": (3, 0, 0),
    "02-salesforce-contact.csv": (1, 0, 1),
    # Both are known already.
    "05-pipedrive-people.csv": (0, 0, 0),
    "06-pipedrive-deals.csv": (2, 0, 0),
    "08-mailchimp-subscribed.csv": (1, 0, 0),
    "09-linkedin-connections.csv": (2, 0, 0),
    "10-icloud.vcf": (1, 0, 0),
    # A phone number that a spreadsheet shortened is lost.
    "12-excel-de-semikolon-cp1252.csv": (1, 1, 1),
    "13-native-dirty.csv": (6, 1, 1),
    "14-trailing-delimiter.csv": (1, 0, 0),
    "15-duplicate-headers.csv": (1, 0, 0),
    "16-excel-unicode-text.txt": (1, 0, 0),
    "17-excel-utf8-bom-semicolon.csv": (1, 0, 0),
    "19-multiline.csv": (2, 1, 0),
    # A stage and an owner that do not exist.
    "21-native-leads.csv": (2, 2, 0),
    "22-several-sheets.xlsx": (1, 0, 0),
    "23-formulas-dates.xlsx": (2, 1, 0),
    "25-shared-office-phone.csv": (3, 0, 0),
    "android-contacts.vcf": (1, 0, 0),
    "copper-people.csv": (1, 0, 0),
    "close-contacts.csv": (1, 0, 0),
    "bigin-contacts.csv": (1, 0, 0),
    "insightly-contacts.csv": (1, 0, 0),
    "capsule-contacts.csv": (1, 0, 1),
    "sugarcrm-contacts.csv": (1, 0, 0),
    "dynamics-contacts.csv": (1, 0, 0),
    "nimble-contacts.csv": (1, 0, 1),
    "activecampaign-contacts.csv": (1, 0, 0),
    "brevo-contacts.csv": (1, 0, 0),
    "espocrm-contacts.csv": (1, 0, 0),
    "freshsales-contacts.csv": (1, 0, 0),
    "google-contacts.csv": (2, 0, 0),
    "hubspot-deals.csv": (1, 0, 0),
    "monica-contacts.vcf": (1, 0, 0),
    "odoo-contacts.csv": (2, 0, 0),
    "outlook-contacts.csv": (2, 0, 0),
    "people.jsonl.gz": (2, 0, 0),
    "pipedrive-organizations.csv": (1, 0, 0),
    "salesforce-account.csv": (1, 0, 1),
    "salesforce-lead.csv": (1, 0, 0),
    "salesforce-opportunity.csv": (1, 0, 1),
    "twenty-people.csv": (1, 0, 0),
    "salesforce-report-opportunities.csv": (2, 0, 5),
    "zoho-leads.csv": (1, 0, 0),
    "zoho-accounts.csv": (1, 0, 0),
    "odoo-opportunities.csv": (1, 0, 0),
    "espocrm-opportunities.csv": (1, 0, 1),
    "freshsales-deals.csv": (1, 0, 0),
    "twenty-companies.csv": (1, 0, 0),
    "facebook-leads.csv": (1, 0, 0),
    "shopify-customers.csv": (1, 0, 0),
    "outlook-deutsch.csv": (1, 0, 0),
    "spanish-contacts.csv": (1, 0, 0),
    "attio-people.csv": (1, 0, 0),
    "xero-contacts.csv": (1, 0, 0),
    # The other is an organization.
    "zendesk-sell-contacts.csv": (1, 0, 1),
    "suitecrm-contacts.csv": (1, 0, 0),
    "streak-boxes.csv": (2, 0, 0),
    "pipedrive-activities.csv": (1, 0, 0),
    "excel-vorname-name.csv": (2, 0, 0),
    "italian-contacts.csv": (1, 0, 0),
    "zoho-contacts.csv": (1, 0, 0),
    "zoho-deals.csv": (1, 0, 0),
}


@pytest.fixture
def load(tenant, tmp_path):
    """Return a function that imports a sample, by the options of the guide if none are given."""
    PersonFactory(
        company=tenant.company, firstname="Tony", lastname="Turner", email="tony.turner@example.com"
    )
    PersonFactory(company=tenant.company, email="jan.novak@example.cz")
    pipeline = PipelineFactory(company=tenant.company, name="Sales pipeline")
    for name in ("Proposal Made", "Qualified"):
        StageFactory(company=tenant.company, pipeline=pipeline, name=name)

    def load(name: str, options: str | None = None) -> Ended:
        [(command, told)] = [(row[2], row[3]) for row in ROWS if row[0] == name]
        given = shlex.split(told if options is None else options)
        company = str(tenant.company.pk)
        rejects = ["--rejects", str(tmp_path / "rejects.csv")]
        facts = ["--company", company, "--as", "manager@tenant"]
        return run(command, str(SAMPLES / name), *facts, *rejects, *given)

    return load


def test_the_guide_shows_every_sample():
    assert sorted(row[0] for row in ROWS) == sorted(path.name for path in SAMPLES.iterdir()) == sorted(COUNTS)


@pytest.mark.parametrize("name", sorted(COUNTS))
def test_sample_loads(load, name):
    created, failed, left_out = COUNTS[name]

    ended = load(name)

    more = f" ({left_out} more left out)" if left_out else ""
    updated, known = (2, "2 updated, ") if name.startswith("05-") else (0, "")
    total = created + updated + failed
    assert ended.lines == [f"{created} created, {known}{failed} failed, {total} in all{more}."], ended.errors
    assert ended.code == (3 if failed else 0)


#: Rows without a key are other records, once the ledger does not know the file any more.
CREATED_AGAIN = {
    "09-linkedin-connections.csv": 1,
    "21-native-leads.csv": 2,
    "25-shared-office-phone.csv": 3,
    "odoo-opportunities.csv": 1,
    "salesforce-report-opportunities.csv": 2,
    "streak-boxes.csv": 2,
}


@pytest.mark.parametrize("name", sorted(COUNTS))
def test_a_sample_changes_nothing_in_the_records_it_has_made(load, name):
    load(name)
    ImportJob.objects.all().delete()

    load(name)

    rows = ImportRow.objects.values_list("action", flat=True)
    assert rows.filter(action="UPDATE").count() == 0
    assert rows.filter(action="CREATE").count() == CREATED_AGAIN.get(name, 0)


@pytest.mark.parametrize(("name", "stops"), [(row[0], row[1]) for row in ROWS if row[1] != "-"])
def test_sample_stops_with_what_to_type(load, name, stops):
    before = row_counts()
    options = next(row[3] for row in ROWS if row[0] == name)
    wanted = re.findall(r"`(--[a-z-]+)", stops)

    # Each option of the guide is asked for in turn, by the one sentence that ends the command.
    given: list[str] = []
    for option in wanted:
        ended = load(name, " ".join(given))
        assert (ended.code, ended.lines) == (1, [])
        assert option in ended.errors[-1]
        given += re.findall(rf"{option} (?:'[^']*'|[^-\s]\S*)|{option}", options)
    assert row_counts() == before


def test_contacts_of_hubspot(load):
    load("01-hubspot-contacts.csv")

    annie = Person.objects.get(lastname="O'Neil")
    assert (annie.firstname, annie.email) == ('Ann "Annie"', "annie@example.com")
    assert set(annie.contacts.values_list("type__name", "value")) == {
        ("Email", "annie@example.com"),
        ("Email", "annie.home@example.net"),
        ("Phone", "(555) 010-0199"),
    }
    assert annie.organizations.get().name == "Åberg & Co"


def test_deals_of_pipedrive(load):
    load("06-pipedrive-deals.csv")

    lost = Lead.objects.get(title="Lost Deal")
    assert (str(lost.amount), lost.currency, lost.stage.name, lost.status.name) == (
        "12000.00",
        "EUR",
        "Qualified",
        "Lost",
    )
    assert (getattr(lost.person, "email", None), str(lost.organization)) == (
        "jan.novak@example.cz",
        "Moveer Limited",
    )


def test_report_of_salesforce(load):
    load("salesforce-report-opportunities.csv")

    lead = Lead.objects.get(title="Fleet of forty")
    assert (str(lead.amount), str(lead.organization), lead.stage.name) == (
        "12000.00",
        "Halden Bikes",
        "Proposal",
    )
    assert (str(lead.expected_close_on), lead.created_at.month) == ("2026-05-31", 4)
    # What stands below the table, a line of one known word among it.
    left_out = ImportRow.objects.filter(action="SKIP").order_by("number")
    assert [(row.number, row.code) for row in left_out] == [(n, "LEFT_OUT") for n in range(5, 10)]


def test_contacts_of_outlook(load):
    load("outlook-contacts.csv")

    renee = Person.objects.get(firstname="Renée")
    assert renee.dob is None
    assert sorted(renee.contacts.values_list("type__name", "value")) == [
        ("Cellphone", "+33 6 55 55 01 02"),
        ("Email", "r.lefevre@example.com"),
        ("Email", "renee@example.fr"),
        ("Phone", "+33 4 72 55 01 00"),
        ("Phone", "+33 4 72 55 01 01"),
    ]
    assert list(renee.addresses.order_by("-is_default").values_list("address", "zip", "is_default")) == [
        ("3 Rue Exemple", "69001", True),
        ("8 Rue Privée", "69002", False),
    ]
    assert set(renee.tags.values_list("name", flat=True)) == {"VIP", "Clients"}
    assert str(Person.objects.get(firstname="Ivo").dob) == "1979-03-12"


def test_vcards_of_a_phone(load):
    load("android-contacts.vcf")

    joerg = Person.objects.get(firstname="Jörg")
    assert (joerg.lastname, str(joerg.dob), joerg.organizations.get().name) == (
        "Müller",
        "1979-03-12",
        "Müller",
    )
    assert sorted(joerg.contacts.values_list("type__name", "value")) == [
        ("Cellphone", "+49 151 55501230"),
        ("Email", "joerg@example.de"),
        ("Phone", "+49 30 5550100"),
    ]
    address = joerg.addresses.get()
    assert (address.address, address.city, address.zip) == ("Hauptstraße 1 Hinterhaus", "Köln", "50667")


def test_names_of_odoo(load):
    load("odoo-contacts.csv")

    assert set(Person.objects.values_list("firstname", "lastname")) >= {
        ("Gemma", "van der Berg"),
        ("Pau", "Ferrer"),
    }
    assert set(Tag.objects.values_list("name", flat=True)) == {"Klant", "Nieuwsbrief"}


def test_dirty_cells(load):
    load("13-native-dirty.csv")

    bob, nobody, eve = (Person.objects.get(email=f"{name}@example.com") for name in ("bob", "null", "eve"))
    assert bob.contacts.get(type__name="Phone").value == "0044 20 7946 0000"
    assert (nobody.firstname, nobody.lastname, nobody.organizations.count()) == (None, None, 0)
    assert sorted(eve.contacts.values_list("value", flat=True)) == [
        "+1 555 0100",
        "+1 555 0101",
        "eve2@example.com",
        "eve@example.com",
    ]
    assert not Person.objects.filter(firstname__startswith="Total").exists()


def test_leads_and_accounts_of_salesforce(load):
    load("salesforce-lead.csv")
    load("salesforce-account.csv")
    load("salesforce-opportunity.csv")

    assert Lead.objects.get(lastname="Ito").title == "Yuki Ito Sakura Example"
    assert Organization.objects.get(name="Aberg & Co").zip == "111 22"
    rollout = Lead.objects.get(title="Aberg rollout")
    assert (rollout.stage.name, str(rollout.amount), str(rollout.expected_close_on)) == (
        "Proposal",
        "18000.00",
        "2026-11-30",
    )
    assert not Organization.objects.filter(name="Gone Ltd").exists()
    assert Pipeline.objects.count() == 2
    assert Stage.objects.filter(name="Proposal").count() == 1


def test_what_was_recognised_is_told(load):
    assert load("09-linkedin-connections.csv").errors == [
        "CSV, encoding utf-8, delimiter ,, header in line 4.",
        "Lines above the header in line 4 are left out.",
        "Read as LinkedIn connections: First Name -> firstname, Last Name -> lastname,"
        " Email Address -> email, Company -> organization.",
        "Not stored: URL (web address), Connected On (date of creation).",
    ]
