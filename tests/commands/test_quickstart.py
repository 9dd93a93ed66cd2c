"""quickstart and the demo data it loads."""

import stat
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.core.management.base import CommandError

from crm.actors import Role
from crm.authentication import authenticate_token
from crm.models import ApiToken, Company, Membership, User
from leads.management.commands import quickstart
from leads.models import Lead
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


def test_first_run_prints_the_ways_in(checkout):
    ended = run("quickstart", "--no-serve")

    company = Company.objects.get()
    raw = ended.lines[-1].split()[-1]
    assert (ended.code, ended.errors) == (0, [])
    assert ended.lines == [
        f"Data:      Northwind Sales (company {company.pk}), loaded",
        "Admin:     http://127.0.0.1:8123/admin/",
        "Sign in:   demo / demo",
        "API:       http://127.0.0.1:8123/graphql",
        f"API token: {raw}",
    ]
    actor = authenticate_token(raw).actor
    assert (actor.company_id, actor.role) == (company.pk, Role.ADMIN)
    file = checkout / ".run" / "api-token"
    assert file.read_text() == raw
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_region_of_the_demo_company():
    run("quickstart", "--no-serve", "--region", "fr")
    run("quickstart", "--no-serve", "--region", "de")

    # The second run finds the company of the first.
    assert Company.objects.get().region == "FR"


def test_second_run_keeps_data_and_token():
    first = run("quickstart", "--no-serve")
    Lead.objects.filter(title__startswith="Pilot").update(title="Renamed")
    before = counts()

    second = run("quickstart", "--no-serve")

    assert second.lines[0] == first.lines[0].replace("loaded", "kept as it was")
    assert second.lines[1:] == first.lines[1:]
    assert counts() == before
    assert Lead.objects.filter(title="Renamed").exists()


def test_changed_password_is_not_shown_as_demo():
    run("quickstart", "--no-serve")
    demo = User.objects.get(username="demo")
    demo.set_password("another")
    demo.save()

    ended = run("quickstart", "--no-serve")

    assert "Sign in:   demo / the password you gave it" in ended.lines
    assert User.objects.get(username="demo").check_password("another")


def test_revoked_token_is_replaced(checkout):
    first = run("quickstart", "--no-serve").lines[-1]
    (checkout / ".run" / "api-token").chmod(0o644)
    run("revoke_token", first.split()[-1])

    second = run("quickstart", "--no-serve").lines[-1]

    assert second != first
    assert authenticate_token(second.split()[-1]).user_id == User.objects.get(username="demo").pk
    assert stat.S_IMODE((checkout / ".run" / "api-token").stat().st_mode) == 0o600
    assert ApiToken.objects.filter(revoked_at=None).count() == 1


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


def test_demo_data_shows_a_company_at_work():
    run("quickstart", "--no-serve")

    leads = Lead.objects.all()
    owners = Counter(leads.values_list("owner__username", flat=True))
    assert (Organization.objects.count(), Person.objects.count(), leads.count()) == (12, 30, 40)
    assert dict(Membership.objects.values_list("user__username", "role")) == {
        "demo": "ADMIN",
        "amira": "AGENT",
        "jonas": "VIEWER",
    }
    assert owners == {"demo": 16, "amira": 16, None: 8}
    assert Counter(leads.values_list("status__name", flat=True)) == {
        "Open": 34,
        "Won": 3,
        "Lost": 2,
        "Closed": 1,
    }
    assert set(leads.values_list("stage__name", flat=True)) == {
        "New",
        "Contacted",
        "Proposal",
        "Negotiation",
    }
    assert not leads.filter(person=None).exists()
    first = leads.order_by("pk")[0]
    assert (first.custom_fields, first.amount, first.currency) == (
        {"deal_value": "18000"},
        Decimal(18000),
        "USD",
    )
    assert Counter(leads.values_list("currency", flat=True)) == {"USD": 29, "EUR": 11}
    assert leads.filter(amount__gt=0, expected_close_on__isnull=False).count() == 40
    assert set(Stage.objects.values_list("probability", flat=True)) == {10, 30, 60, 80}
    # Of all who could sign in, the one whose password is printed.
    assert [user.username for user in User.objects.all() if user.has_usable_password()] == ["demo"]
