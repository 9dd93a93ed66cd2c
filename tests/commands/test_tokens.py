"""create_token and revoke_token."""

from datetime import UTC, datetime

import pytest

from crm.actors import Role, Scope
from crm.authentication import CredentialExpired, authenticate_token
from crm.errors import Unauthenticated
from crm.models import ApiToken, Membership
from crm.services.members import add_member
from tests.commands.running import run, usage_error
from tests.factories.crm import UserFactory
from tests.module_tenant import made_tenant, tenant

__all__ = ["made_tenant", "tenant"]

pytestmark = pytest.mark.django_db


def test_token_opens_the_default_company(tenant, other_tenant):
    add_member(other_tenant.company, tenant.users["agent"], Role.ADMIN)

    ended = run("create_token", "agent@tenant", "--name", "website")

    token = ApiToken.objects.get()
    actor = authenticate_token(ended.lines[-1]).actor
    assert ended.lines[:-1] == [
        "agent@tenant in Tenant: read and write, until it is revoked. It is shown only now:"
    ]
    assert (actor.user_id, actor.company_id, actor.role) == (
        tenant.users["agent"].pk,
        tenant.company.pk,
        Role.AGENT,
    )
    assert (token.name, token.expires_at, ended.lines[-1] in token.hash) == ("website", None, False)


def test_token_opens_the_company_that_is_named(tenant, other_tenant):
    add_member(other_tenant.company, tenant.users["agent"], Role.ADMIN)

    ended = run("create_token", "agent@tenant", "--company", str(other_tenant.company.pk))

    assert authenticate_token(ended.lines[-1]).actor.company_id == other_tenant.company.pk


def test_token_has_scope_and_end(tenant, time_machine):
    time_machine.move_to(datetime(2030, 1, 1, tzinfo=UTC), tick=False)

    ended = run("create_token", "agent@tenant", "--scope", "read", "--expires", "2")

    raw = ended.lines[-1]
    assert ended.lines[0] == (
        "agent@tenant in Tenant: read, until 2030-01-03 00:00 UTC. It is shown only now:"
    )
    assert authenticate_token(raw).actor.scopes == {Scope.READ}
    time_machine.move_to(datetime(2030, 1, 3, tzinfo=UTC))
    with pytest.raises(CredentialExpired):
        authenticate_token(raw)


def test_token_of_a_stranger_is_refused(tenant, other_tenant):
    company = str(other_tenant.company.pk)

    ended = run("create_token", "agent@tenant", "--company", company)

    assert (ended.code, ended.lines) == (1, [])
    assert ended.errors == ["user: agent@tenant is not an active member of Other."]
    assert not ApiToken.objects.exists()


def test_token_needs_an_active_membership(tenant):
    UserFactory(username="nomad")
    Membership.objects.filter(user=tenant.users["agent"]).update(is_active=False)

    for username in ("nomad", "agent@tenant"):
        ended = run("create_token", username)

        assert (ended.code, ended.errors) == (1, [f"{username} is an active member of no company."])
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nobody"], "There is no user nobody."),
        (["agent@tenant", "--company", "999999"], "There is no company 999999."),
        (
            ["agent@tenant", "--name", "x" * 121],
            "name: Ensure this value has at most 120 characters (it has 121).",
        ),
    ],
)
def test_token_is_refused_in_one_sentence(tenant, arguments, message):
    ended = run("create_token", *arguments)

    assert (ended.code, ended.lines, ended.errors) == (1, [], [message])
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize("days", ["0", "-1", "36501", "1.5", "x", "٣", "0000000019999999999", "9" * 5000])
def test_token_life_is_a_number_of_days(capsys, days):
    ended = usage_error("create_token", "agent@tenant", f"--expires={days}", capsys=capsys)

    assert ended.code == 2
    assert ended.errors[-1].endswith(
        f"error: argument --expires: days are a whole number from 1 to 36500, not {days}"
    )


def test_token_scope_is_one_of_two(capsys):
    ended = usage_error("create_token", "agent@tenant", "--scope", "admin", capsys=capsys)

    assert ended.code == 2
    assert "argument --scope: invalid choice: 'admin'" in ended.errors[-1]


@pytest.mark.parametrize("name_of", [lambda token, raw: raw, lambda token, raw: token.prefix])
def test_token_is_revoked_by_value_or_beginning(tenant, name_of):
    raw = run("create_token", "agent@tenant", "--name", "website").lines[-1]
    other = run("create_token", "manager@tenant").lines[-1]
    token = ApiToken.objects.get(name="website")

    ended = run("revoke_token", name_of(token, raw))

    assert (ended.code, ended.lines) == (0, [f"Revoked: {raw[:12]}… website of agent@tenant in Tenant."])
    with pytest.raises(Unauthenticated):
        authenticate_token(raw)
    assert authenticate_token(other).user_id == tenant.users["manager"].pk


def test_token_is_revoked_by_id_and_stays_so(tenant):
    run("create_token", "agent@tenant")
    token = ApiToken.objects.get()

    first = run("revoke_token", str(token.pk))
    revoked_at = ApiToken.objects.get().revoked_at
    second = run("revoke_token", str(token.pk))

    assert (first.code, second.code) == (0, 0)
    assert revoked_at is not None
    assert ApiToken.objects.get().revoked_at == revoked_at


@pytest.mark.parametrize("key", ["999999", "crm_unknown", "", "9" * 30, "²"])
def test_unknown_token_is_refused_and_not_repeated(tenant, key):
    run("create_token", "agent@tenant")

    ended = run("revoke_token", key)

    assert (ended.code, ended.errors) == (1, ["No single token has this value, beginning or id."])
    assert ApiToken.objects.get().revoked_at is None
