"""create_company and add_member."""

from typing import Any

import pytest

from crm.actors import Door
from crm.authentication import actor_for
from crm.models import Company, Membership, User
from leads.models import LeadLostReason, LeadReceiver, LeadStatus
from leads.services.closing import close_lead
from leads.services.leads import create_lead
from pipelines.models import Stage
from tests.commands.running import run, usage_error
from tests.factories.crm import UserFactory

pytestmark = pytest.mark.django_db


def role_in(company_id: str | int, username: str) -> str:
    return Membership.objects.get(company_id=company_id, user__username=username, is_active=True).role


def test_a_company_starts_with_names_in_its_language():
    assert run("create_company", "Nord", "--admin", "ada", "--language", "de").code == 0

    company = Company.objects.get()
    stages = Stage.objects.filter(company=company).order_by("weight")
    statuses = LeadStatus.objects.filter(company=company).order_by("weight")
    assert company.language == "de"
    assert [stage.name for stage in stages] == ["Neu", "Kontaktiert", "Angebot", "Verhandlung"]
    assert [status.name for status in statuses] == [
        "Offen",
        "Gewonnen",
        "Verloren",
        "Geschlossen",
        "Duplikat",
    ]
    reasons = LeadLostReason.objects.filter(company=company).order_by("weight")
    assert reasons[0].name == "Zu teuer"
    # The rules that look for a usual name find it in any language.
    Company.objects.update(flag_duplicate_leads=True)
    actor = actor_for(User.objects.get(), company, door=Door.COMMAND)
    person: Any = {"firstname": "Jane", "email": "jane@example.com"}
    first, second = (create_lead({"title": "Deal", "people": person}, actor=actor) for _ in range(2))
    assert (first.status.name, second.status.name) == ("Offen", "Duplikat")
    assert close_lead(first.pk, "closed", actor=actor).status.name == "Geschlossen"


def test_company_is_set_up_with_a_new_administrator():
    ended = run("create_company", "Acme", "--admin", "ada")

    company = Company.objects.get()
    ada = User.objects.get()
    assert (ended.code, ended.errors) == (0, [])
    assert ended.lines == [
        "ada administers Acme.",
        "To sign in, set a password: manage.py changepassword ada",
        str(company.pk),
    ]
    assert (ada.username, ada.is_staff, ada.is_superuser, ada.has_usable_password()) == (
        "ada",
        True,
        False,
        False,
    )
    assert role_in(company.pk, "ada") == "ADMIN"
    assert LeadStatus.objects.get(company=company, is_default=True).name == "Open"
    assert Stage.objects.filter(company=company, pipeline__is_default=True).count() == 4
    assert LeadReceiver.objects.get(company=company, is_default=True).agent == ada


def test_company_takes_a_user_that_is_there():
    user = UserFactory(username="ada")

    ended = run("create_company", "Acme", "--admin", "ada")

    assert ended.lines == ["ada administers Acme.", str(Company.objects.get().pk)]
    assert User.objects.get() == user


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["", "--admin", "ada"], "name: This field cannot be blank."),
        (["   ", "--admin", "ada"], "name: This field cannot be blank."),
        (
            ["x" * 256, "--admin", "ada"],
            "name: Ensure this value has at most 255 characters (it has 256).",
        ),
        (
            ["Acme", "--admin", "a da"],
            "username: Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ "
            "characters.",
        ),
        (["Acme", "--admin", ""], "username: This field cannot be blank."),
    ],
)
def test_company_is_refused_and_no_user_is_left(arguments, message):
    ended = run("create_company", *arguments)

    assert (ended.code, ended.lines, ended.errors) == (1, [], [message])
    assert not User.objects.exists()
    assert not Company.objects.exists()


@pytest.mark.parametrize(("given", "region"), [([], "US"), (["--region", "de"], "DE")])
def test_company_has_a_region(given, region):
    run("create_company", "Acme", "--admin", "ada", *given)

    assert Company.objects.get().region == region


@pytest.mark.parametrize("region", ["", "XX", "Germany", "49"])
def test_company_needs_a_known_region(capsys, region):
    ended = usage_error("create_company", "Acme", "--admin", "ada", "--region", region, capsys=capsys)

    assert ended.errors[-1].endswith(f"{region!r} is no country code of two letters, such as US or DE")
    assert not Company.objects.exists()


@pytest.mark.parametrize(("answers", "region"), [(["XX", " de "], "DE"), ([""], "US")])
def test_region_is_asked_on_a_terminal(monkeypatch, capsys, answers, region):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    left = iter(answers)
    monkeypatch.setattr("builtins.input", lambda _question: next(left))

    run("create_company", "Acme", "--admin", "ada")

    assert Company.objects.get().region == region
    assert ("'XX' is no country code" in capsys.readouterr().out) is (len(answers) > 1)


@pytest.mark.parametrize(("given", "found"), [("anna@bücher.example", True), ("anna@bucher.example", False)])
def test_member_is_found_by_another_spelling_of_the_address(company, given, found):
    anna = UserFactory(username="anna@xn--bcher-kva.example")

    ended = run("add_member", given, "--company", str(company.pk))

    assert (ended.lines[-1] == str(anna.pk)) is found


def test_company_needs_an_administrator(capsys):
    ended = usage_error("create_company", "Acme", capsys=capsys)

    assert ended.code == 2
    assert ended.errors[-1].endswith("error: the following arguments are required: --admin")


def test_member_is_created_as_an_agent(company):
    ended = run("add_member", "carl", "--company", str(company.pk))

    carl = User.objects.get(username="carl")
    assert ended.lines == [
        "carl is a member of Tenant: AGENT.",
        "To sign in, set a password: manage.py changepassword carl",
        str(carl.pk),
    ]
    assert role_in(company.pk, "carl") == "AGENT"


def test_member_gets_the_role_that_is_given_in_any_case(company):
    ended = run("add_member", "carl", "--company", str(company.uuid), "--role", "viewer")

    assert ended.lines[0] == "carl is a member of Tenant: VIEWER."
    assert role_in(company.pk, "carl") == "VIEWER"


def test_member_keeps_the_role_unless_told(tenant):
    company = str(tenant.company.pk)

    kept = run("add_member", "manager@tenant", "--company", company)
    changed = run("add_member", "agent@tenant", "--company", company, "--role", "MANAGER")

    assert kept.lines == ["manager@tenant is a member of Tenant: MANAGER.", str(tenant.users["manager"].pk)]
    assert changed.lines[0] == "agent@tenant is a member of Tenant: MANAGER."
    assert (role_in(company, "manager@tenant"), role_in(company, "agent@tenant")) == ("MANAGER", "MANAGER")


def test_ended_member_is_active_again(tenant):
    Membership.objects.filter(user=tenant.users["viewer"]).update(is_active=False)

    run("add_member", "viewer@tenant", "--company", str(tenant.company.pk))

    assert role_in(tenant.company.pk, "viewer@tenant") == "VIEWER"


@pytest.mark.parametrize("key", ["999999", "abc", "-1", "99999999999999999999"])
def test_member_of_an_unknown_company_is_refused(company, key):
    before = User.objects.count()

    ended = run("add_member", "carl", f"--company={key}")

    assert (ended.code, ended.lines, ended.errors) == (1, [], [f"There is no company {key}."])
    assert User.objects.count() == before


def test_member_of_unknown_role_is_wrong_usage(capsys):
    ended = usage_error("add_member", "carl", "--company", "1", "--role", "boss", capsys=capsys)

    assert ended.code == 2
    assert ended.errors[-1].endswith(
        "error: argument --role: there is no role boss; the roles are VIEWER, AGENT, MANAGER, ADMIN"
    )
