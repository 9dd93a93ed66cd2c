"""quickstart on an empty database, and where it refuses to run."""

from typing import Any

import pytest
from django.apps import apps
from django.core.management.base import CommandError

from crm.models import Activity, Company, User
from leads.management.commands import quickstart
from leads.models import Lead, LeadLostReason, LeadStatus
from people.models import ContactType, Organization, Person
from pipelines.models import Pipeline, Stage
from tests.commands.running import run
from tests.factories.crm import CompanyFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def checkout(settings, tmp_path):
    """Let the token be kept in a folder of the test."""
    settings.BASE_DIR = tmp_path
    settings.DEBUG = True
    settings.PORT = 8123
    return tmp_path


def counts():
    return {model._meta.label: model._default_manager.count() for model in apps.get_models()}


def test_region_of_the_demo_company():
    run("quickstart", "--no-serve", "--region", "fr")
    run("quickstart", "--no-serve", "--region", "de")

    # The second run finds the company of the first.
    assert Company.objects.get().region == "FR"


def test_language_of_the_demo_company_and_of_what_it_says():
    assert run("quickstart", "--no-serve", "--language", "de").code == 0

    assert Company.objects.get().language == "de"
    assert [*Stage.objects.order_by("weight").values_list("name", flat=True)] == [
        "Neu",
        "Kontaktiert",
        "Angebot",
        "Verhandlung",
    ]
    assert {"Offen", "Gewonnen", "Verloren"} <= {*LeadStatus.objects.values_list("name", flat=True)}
    assert "Zu teuer" in LeadLostReason.objects.values_list("name", flat=True)
    assert Lead.objects.filter(title="Pilotprojekt für Puerto Azul Hoteles").exists()
    assert Lead.objects.filter(reason_lost="Dieses Jahr kein Budget.").exists()
    assert Activity.objects.filter(subject="Die Referenzen prüfen").exists()


def test_token_file_that_cannot_be_written_is_told(checkout):
    (checkout / ".run").write_text("in the way")

    ended = run("quickstart", "--no-serve")

    assert (ended.code, ended.errors[-1]) == (
        1,
        f"Cannot keep the API token in {checkout}/.run/api-token: File exists.",
    )


def test_outside_debug_it_is_refused(settings):
    settings.DEBUG = False

    ended = run("quickstart", "--no-serve")

    assert (ended.code, ended.lines) == (1, [])
    assert ended.errors == [
        "quickstart creates a login that everybody knows: it runs only with DJANGO_DEBUG=true."
    ]
    assert not User.objects.exists()


@pytest.mark.parametrize("own", [CompanyFactory, lambda: UserFactory(username="demo", password="own")])
def test_data_of_others_is_left_alone(own):
    own()
    before = counts()

    ended = run("quickstart", "--no-serve")

    assert (ended.code, ended.lines) == (1, [])
    assert ended.errors == [
        "The database already holds other data, and quickstart would add to it. Run: manage.py serve"
    ]
    assert counts() == before
    assert not User.objects.filter(username="demo").exclude(password="own").exists()


def test_it_serves_once_all_is_there(monkeypatch):
    calls: list[tuple[Any, ...]] = []
    monkeypatch.setattr(quickstart, "ensure_port_free", lambda host, port: calls.append((host, port)))
    monkeypatch.setattr(
        quickstart, "serve", lambda **beside: calls.append(("leads", Lead.objects.count(), beside))
    )

    ended = run("quickstart")

    assert ended.code == 0
    assert calls == [("127.0.0.1", 8123), ("leads", 40, {"work": []})]


def test_taken_port_is_told_before_anything_is_made(monkeypatch):
    def refuse(host, port):
        raise CommandError("taken")

    monkeypatch.setattr(quickstart, "ensure_port_free", refuse)

    ended = run("quickstart")

    assert (ended.code, ended.lines, ended.errors) == (1, [], ["taken"])
    assert not Company.objects.exists()


@pytest.mark.django_db(transaction=True, reset_sequences=True)
def test_first_rows_have_the_ids_that_documents_name():
    run("quickstart", "--no-serve")

    assert Company.objects.get().pk == 1
    assert dict(ContactType.objects.values_list("pk", "name")) == {1: "Email", 2: "Phone", 3: "Cellphone"}
    assert Person.objects.get(pk=1).email == "grace.okafor@example.com"
    assert Organization.objects.get(pk=1).name == "Brightwater Logistics"
    assert Lead.objects.get(pk=1).title == "Annual subscription for Brightwater Logistics"
    assert Pipeline.objects.get(pk=1).is_default
    stages = Stage.objects.filter(pipeline_id=1).order_by("weight")
    assert list(stages.values_list("pk", "name")) == [
        (1, "New"),
        (2, "Contacted"),
        (3, "Proposal"),
        (4, "Negotiation"),
    ]
    # The sequences stand behind the rows: the next one takes a new id.
    assert CompanyFactory().pk == 2
