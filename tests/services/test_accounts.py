"""An account is known by its e-mail address in every spelling."""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connection

from crm.emails import email_fault
from crm.errors import Conflict
from crm.models import Membership, User
from crm.services.companies import find_or_create_user, save_user
from crm.services.invitations import invite_member
from crm.services.members import add_member, deactivate_member
from leads.models import Lead
from tests.admin.conftest import errors_of, form_of, signed_in
from tests.clients import data, refusal
from tests.doors import ImportDoor
from tests.factories.crm import UserFactory
from tests.factories.crm import tenant as make_tenant
from tests.graphql.lists.asking import listed, where
from tests.graphql.people.test_merges_at_once import at_once

__all__ = ["signed_in"]

pytestmark = pytest.mark.django_db

INVITE = "mutation ($input: InviteMemberInput!) { inviteMember(input: $input) { user { id email } } }"
SPELLINGS = [
    "anna@bücher.example",
    "anna@xn--bcher-kva.example",
    "Anna@BÜCHER.example",
    "anna@bu\u0308cher.example",
]
TOO_LONG = "The part of an e-mail address before the @ has at most 64 characters."
OTHERS = ["anna@bucher.example", "hanna@bücher.example"]


@pytest.mark.parametrize("first", SPELLINGS)
@pytest.mark.parametrize("again", SPELLINGS)
def test_invitations_of_one_address_make_one_account(actors, first, again):
    made = data(INVITE, actor=actors.admin, variables={"input": {"email": first}})["inviteMember"]["user"]

    error = refusal(INVITE, actor=actors.admin, variables={"input": {"email": again}})
    deactivate_member(made["id"], actor=actors.admin)
    back = data(INVITE, actor=actors.admin, variables={"input": {"email": again}})["inviteMember"]["user"]

    assert error["message"] == "This user is already a member."
    # As it was typed first.
    assert back == made
    assert User.objects.filter(email_canonical="anna@xn--bcher-kva.example").count() == 1


@pytest.mark.parametrize("other", OTHERS)
def test_other_addresses_are_other_accounts(actors, other):
    invited = [invite_member({"email": email}, actor=actors.admin).user_id for email in (SPELLINGS[0], other)]

    assert len(set(invited)) == 2


def test_sharp_s_is_not_two_letters(actors):
    emails = ("u@fußball.example", "u@fussball.example")

    assert len({invite_member({"email": email}, actor=actors.admin).user_id for email in emails}) == 2


def test_account_without_an_email_is_known_by_its_name(actors):
    anna = UserFactory(username=SPELLINGS[0])

    assert invite_member({"email": SPELLINGS[1]}, actor=actors.admin).user == anna


def test_several_accounts_of_one_address_are_not_guessed_between(actors):
    for name, email in zip(("one", "two"), SPELLINGS, strict=False):
        UserFactory(username=name, email=email)

    with pytest.raises(Conflict):
        invite_member({"email": SPELLINGS[2]}, actor=actors.admin)


@pytest.mark.parametrize("email", ["jane@", "n/a", f"{'a' * 65}@example.com", "ja\x07ne@example.com", ""])
def test_invitation_needs_an_address(actors, email):
    with pytest.raises(ValidationError) as refused:
        invite_member({"email": email}, actor=actors.admin)

    assert refused.value.message_dict == {"email": [email_fault(email)]}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_account_is_found_by_a_name_that_is_an_address(spelling):
    anna, is_new = find_or_create_user(SPELLINGS[0])

    assert is_new
    assert find_or_create_user(spelling) == (anna, False)


def test_accounts_from_before_get_their_forms_and_clashes_are_reported(capsys):
    names = (*SPELLINGS[:2], "bob")
    User.objects.bulk_create(User(username=name, email=f"{name[:3]}@BÜCHER.example") for name in names)
    migration = import_module("crm.migrations.0006_user_addresses")

    migration.fill(apps, connection.schema_editor())

    stored = User.objects.order_by("pk").values_list("email_canonical", "username_canonical")
    assert list(stored) == [
        ("ann@xn--bcher-kva.example", "anna@xn--bcher-kva.example"),
        ("ann@xn--bcher-kva.example", None),
        ("bob@xn--bcher-kva.example", None),
    ]
    assert capsys.readouterr().err == (
        "The accounts 'anna@bücher.example' and 'anna@xn--bcher-kva.example' are named by the same e-mail "
        "address: rename or deactivate one of them.\n"
    )
    # The younger one works on as it is.
    save_user(User.objects.get(username=SPELLINGS[1]))


@pytest.mark.parametrize("spelling", SPELLINGS[1:3])
def test_name_of_another_account_is_refused_in_every_spelling(spelling):
    UserFactory(username=SPELLINGS[0])
    other = UserFactory(username="other")
    other.username = spelling

    with pytest.raises(ValidationError) as refused:
        save_user(other)

    assert refused.value.message_dict == {"username": ["A user with that username already exists."]}


def test_account_with_an_old_email_can_be_saved_and_gets_no_such_new_one(tenant):
    user = tenant.users["agent"]
    User.objects.filter(pk=user.pk).update(email=f"{'a' * 65}@example.com")
    user = User.objects.get(pk=user.pk)
    user.displayname = "Renamed"
    save_user(user)
    user.email = f"{'b' * 65}@example.com"

    with pytest.raises(ValidationError) as refused:
        save_user(user)

    assert refused.value.message_dict == {"email": [TOO_LONG]}
    assert User.objects.get(pk=user.pk).displayname == "Renamed"


def test_email_of_an_account_in_the_admin(signed_in, tenant):
    tenant.users["admin"].is_superuser = True
    tenant.users["admin"].save()
    client = signed_in("admin")
    agent = tenant.users["agent"]
    page = f"/admin/crm/user/{agent.pk}/change/"

    refused = client.post(page, form_of(client, page, email=f"{'a' * 65}@example.com"))
    client.post(page, form_of(client, page, email="Anna@Bücher.example"))

    agent.refresh_from_db()
    assert errors_of(refused) == {"email": [TOO_LONG]}
    # Django itself lowers the domain of an account.
    assert (agent.email, agent.email_canonical) == ("Anna@bücher.example", "anna@xn--bcher-kva.example")


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("executor", ["compiled", "standard"])
def test_members_are_listed_by_address(tenant, actors, settings, executor, spelling):
    settings.GRAPHQL_COMPILED_READS = executor == "compiled"
    anna = invite_member({"email": SPELLINGS[0]}, actor=actors.admin).user
    invite_member({"email": OTHERS[0]}, actor=actors.admin)
    ids = [str(anna.pk)]

    for operator, value in (("EQ", spelling), ("IN", [spelling, "x@example.com"])):
        condition = where("EMAIL", operator, value)
        assert listed("users", "id", actor=actors.viewer, where=condition) == ids
    assert listed("users", "id", actor=actors.viewer, search=spelling.lower()) == ids


@pytest.mark.parametrize("spelling", [*SPELLINGS, "agent@tenant"])
def test_owner_of_an_imported_lead(tenant, spelling):
    agent = tenant.users["agent"]
    agent.email = SPELLINGS[1]
    agent.save()
    door: Any = ImportDoor(tenant)

    # The door takes a row and writes its name.
    lead = door.create_lead({"title": "Deal", "owner": User(username=spelling)}).row

    assert Lead.objects.get(pk=lead.pk).owner_id == agent.pk


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(3))
def test_two_administrators_who_invite_one_address_at_once(turn):
    made = make_tenant("Inviting")
    other = make_tenant("Too")
    add_member(other.company, made.users["manager"], made.actors.admin.role)

    refused = at_once(
        lambda: invite_member({"email": SPELLINGS[0]}, actor=made.actors.admin),
        lambda: invite_member({"email": SPELLINGS[1]}, actor=other.actors.admin),
    )

    anna = User.objects.get(email_canonical="anna@xn--bcher-kva.example")
    assert sorted(refused) == ["", ""]
    assert Membership.objects.filter(user=anna).count() == 2
