"""The first run of quickstart, and further runs."""

import shutil
import stat
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from django.test import override_settings

from crm.actors import Role
from crm.authentication import authenticate_token
from crm.models import ApiToken, Company, Membership, User
from leads.models import Lead
from people.models import Organization, Person
from pipelines.models import Stage
from tests.commands.running import Ended, run
from tests.commands.test_quickstart import counts

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def made_checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("checkout")


@pytest.fixture(scope="module")
def first(module_transaction: None, made_checkout: Path) -> Ended:
    """Run quickstart once for all tests."""
    with override_settings(BASE_DIR=made_checkout, DEBUG=True, PORT=8123):
        return run("quickstart", "--no-serve")


@pytest.fixture(autouse=True)
def checkout(first, made_checkout, db, settings, tmp_path):
    """Copy the folder that the first run left for each test."""
    shutil.copytree(made_checkout, tmp_path, dirs_exist_ok=True)
    settings.BASE_DIR = tmp_path
    settings.DEBUG = True
    settings.PORT = 8123
    return tmp_path


def test_first_run_prints_the_ways_in(first, checkout):
    ended = first

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


def test_second_run_keeps_data_and_token(first):
    Lead.objects.filter(title__startswith="Pilot").update(title="Renamed")
    before = counts()

    second = run("quickstart", "--no-serve")

    assert second.lines[0] == first.lines[0].replace("loaded", "kept as it was")
    assert second.lines[1:] == first.lines[1:]
    assert counts() == before
    assert Lead.objects.filter(title="Renamed").exists()


def test_changed_password_is_not_shown_as_demo():
    demo = User.objects.get(username="demo")
    demo.set_password("another")
    demo.save()

    ended = run("quickstart", "--no-serve")

    assert "Sign in:   demo / the password you gave it" in ended.lines
    assert User.objects.get(username="demo").check_password("another")


def test_revoked_token_is_replaced(first, checkout):
    shown = first.lines[-1]
    (checkout / ".run" / "api-token").chmod(0o644)
    run("revoke_token", shown.split()[-1])

    second = run("quickstart", "--no-serve").lines[-1]

    assert second != shown
    assert authenticate_token(second.split()[-1]).user_id == User.objects.get(username="demo").pk
    assert stat.S_IMODE((checkout / ".run" / "api-token").stat().st_mode) == 0o600
    assert ApiToken.objects.filter(revoked_at=None).count() == 1


def test_demo_data_shows_a_company_at_work():
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
