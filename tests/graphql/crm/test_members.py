"""Invite, update and deactivate members."""

from typing import Any

import pytest
from django.utils import timezone

from crm.actors import Role
from crm.models import ApiToken, Membership, User
from crm.models.history import HistoryEntry
from crm.services.members import add_member
from leads.models import Lead, LeadStatus
from leads.services.leads import create_lead, delete_lead, update_lead
from tests.clients import data, refusal
from tests.factories.crm import ApiTokenFactory, UserFactory
from tests.stored import read_all

pytestmark = pytest.mark.django_db

FIELDS = "role is_active member_id capacity user { id displayname email firstname lastname }"
DOCUMENTS = {
    "invite": f"""mutation ($input: InviteMemberInput!) {{
      answer: inviteMember(input: $input) {{ {FIELDS} }} }}""",
    "update": f"""mutation ($user: ID!, $input: MemberInput!) {{
      answer: updateMember(user_id: $user, input: $input) {{ {FIELDS} }} }}""",
    "deactivate": f"""mutation ($user: ID!, $heir: ID) {{
      answer: deactivateMember(user_id: $user, reassign_to_id: $heir) {{ {FIELDS} }} }}""",
}


def act(operation: str, actor: Any, **variables: Any) -> Any:
    return data(DOCUMENTS[operation], actor=actor, variables=variables)["answer"]


def refused(operation: str, actor: Any, **variables: Any) -> dict[str, Any]:
    before = read_all()
    extensions: dict[str, Any] = refusal(DOCUMENTS[operation], actor=actor, variables=variables)["extensions"]
    assert read_all() == before
    return extensions


def owned(actors: Any, tenant: Any, **values: Any) -> Lead:
    given: Any = {"title": "Deal", "leads_owner_id": tenant.users["agent"].pk, **values}
    return create_lead(given, actor=actors.manager)


def test_an_unknown_address_gets_an_account_without_a_password(actors, company):
    given = {
        "email": "Jane@Example.com",
        "firstname": "Jane",
        "lastname": "Doe",
        "role": "MANAGER",
        "member_id": "17",
        "capacity": 5,
    }

    created = act("invite", actors.admin, input=given)

    user = User.objects.get(email="Jane@example.com")
    assert created == {
        "role": "MANAGER",
        "is_active": True,
        "member_id": "17",
        "capacity": 5,
        "user": {
            "id": str(user.pk),
            "displayname": "Jane Doe",
            "email": "Jane@example.com",
            "firstname": "Jane",
            "lastname": "Doe",
        },
    }
    assert not user.has_usable_password()
    assert not user.is_staff
    assert Membership.objects.get(user=user, company=company).is_default


def test_an_existing_account_is_invited_by_its_address(actors, other_tenant, company):
    known = other_tenant.users["agent"]

    created = act("invite", actors.admin, input={"email": known.email.upper()})

    assert (created["user"]["id"], created["role"]) == (str(known.pk), "AGENT")
    assert not Membership.objects.get(user=known, company=company).is_default


def test_a_former_member_is_invited_again(actors, tenant):
    user = tenant.users["agent"]
    act("deactivate", actors.admin, user=str(user.pk))

    back = act("invite", actors.admin, input={"email": user.email, "role": "VIEWER"})

    assert (back["user"]["id"], back["role"], back["is_active"]) == (str(user.pk), "VIEWER", True)
    assert Membership.objects.filter(user=user).count() == 1


def test_an_ambiguous_invitation_is_refused(actors, tenant):
    assert refused("invite", actors.admin, input={"email": tenant.users["agent"].email}) == {
        "code": "CONFLICT",
        "reason": "EXISTS",
    }
    for _ in range(2):
        UserFactory(email="two@example.com")
    assert refused("invite", actors.admin, input={"email": "two@example.com"}) == {
        "code": "CONFLICT",
        "reason": "MATCH",
    }
    for email in ("", "nobody", "a@b"):
        error = refused("invite", actors.admin, input={"email": email})
        assert list(error["validation"]) == ["input.email"], email


def test_a_member_id_is_unique(actors, tenant):
    act("update", actors.admin, user=str(tenant.users["agent"].pk), input={"member_id": "17"})
    errors = [
        refused("update", actors.admin, user=str(tenant.users["colleague"].pk), input={"member_id": "17"}),
        refused("invite", actors.admin, input={"email": "new@example.com", "member_id": "17"}),
    ]

    assert [list(one["validation"]) for one in errors] == [["input.member_id"]] * 2


def test_role_member_id_and_capacity_change(actors, tenant):
    user = str(tenant.users["agent"].pk)

    changed = act("update", actors.admin, user=user, input={"role": "MANAGER", "capacity": 3})
    assert (changed["role"], changed["capacity"], changed["member_id"]) == ("MANAGER", 3, None)
    cleared = act("update", actors.admin, user=user, input={"capacity": None})
    assert (cleared["role"], cleared["capacity"]) == ("MANAGER", None)
    negative = refused("update", actors.admin, user=user, input={"capacity": -1})
    assert list(negative["validation"]) == ["input.capacity"]
    null = refused("update", actors.admin, user=user, input={"role": None})
    assert list(null["validation"]) == ["input.role"]


def test_open_leads_of_a_deactivated_member_go_to_the_successor(actors, tenant):
    won = LeadStatus.objects.get(company=tenant.company, name="Won")
    opened, closed, gone = (owned(actors, tenant) for _ in range(3))
    update_lead(closed.pk, {"status_id": won.pk}, actor=actors.manager)
    delete_lead(gone.pk, actor=actors.manager)
    user, heir = tenant.users["agent"], tenant.users["colleague"]

    ended = act("deactivate", actors.admin, user=str(user.pk), heir=str(heir.pk))

    assert ended["is_active"] is False
    owners = dict(Lead.objects.values_list("pk", "owner"))
    assert owners == {opened.pk: heir.pk, closed.pk: user.pk, gone.pk: user.pk}
    entry = HistoryEntry.objects.filter(object_id=opened.pk).latest("pk")
    assert (entry.user_id, entry.changes["owner"][1]["id"]) == (actors.admin.user_id, str(heir.pk))


def test_without_a_successor_leads_go_to_the_default_owner_or_nobody(actors, tenant):
    lead = owned(actors, tenant)
    tenant.company.default_owner = tenant.users["manager"]
    tenant.company.save()

    act("deactivate", actors.admin, user=str(tenant.users["agent"].pk))
    lead.refresh_from_db()
    assert lead.owner == tenant.users["manager"]

    act("deactivate", actors.admin, user=str(tenant.users["manager"].pk))
    lead.refresh_from_db()
    assert lead.owner is None


def test_a_member_who_becomes_a_viewer_loses_open_leads(actors, tenant):
    lead = owned(actors, tenant)

    act("update", actors.admin, user=str(tenant.users["agent"].pk), input={"role": "VIEWER"})

    lead.refresh_from_db()
    assert lead.owner is None


@pytest.mark.parametrize("heir", ["viewer", "agent"])
def test_a_successor_may_own_leads(actors, tenant, heir):
    owned(actors, tenant)
    user = str(tenant.users["agent"].pk)

    error = refused("deactivate", actors.admin, user=user, heir=str(tenant.users[heir].pk))

    assert list(error["validation"]) == ["reassign_to_id"]


def test_tokens_of_a_deactivated_member_are_refused(actors, tenant, other_tenant):
    user = tenant.users["agent"]
    add_member(other_tenant.company, user, Role.AGENT)
    here = ApiTokenFactory(company=tenant.company, user=user)
    there = ApiTokenFactory(company=other_tenant.company, user=user)

    act("deactivate", actors.admin, user=str(user.pk))

    revoked_at = ApiToken.objects.get(pk=here.pk).revoked_at
    assert revoked_at is not None
    assert revoked_at <= timezone.now()
    assert ApiToken.objects.get(pk=there.pk).revoked_at is None
    # Coming back makes no old token good.
    act("invite", actors.admin, input={"email": user.email})
    assert ApiToken.objects.get(pk=here.pk).revoked_at is not None


def test_the_last_administrator_stays(actors, tenant):
    user = str(tenant.users["admin"].pk)

    assert refused("deactivate", actors.admin, user=user) == {"code": "CONFLICT", "reason": "IN_USE"}
    assert refused("update", actors.admin, user=user, input={"role": "MANAGER"}) == {
        "code": "CONFLICT",
        "reason": "IN_USE",
    }


def test_roles_and_companies(actors, other_actors, tenant):
    user = str(tenant.users["agent"].pk)
    calls: list[tuple[str, dict[str, Any]]] = [
        ("update", {"user": user, "input": {"role": "VIEWER"}}),
        ("deactivate", {"user": user}),
    ]

    assert refused("invite", actors.manager, input={"email": "a@example.com"}) == {"code": "FORBIDDEN"}
    for operation, variables in calls:
        assert refused(operation, actors.manager, **variables) == {"code": "FORBIDDEN"}
        unknown = {"code": "NOT_FOUND", "argument": "user_id"}
        assert refused(operation, other_actors.admin, **variables) == unknown
    stranger = str(other_actors.agent.user_id)
    error = refused("deactivate", actors.admin, user=user, heir=stranger)
    assert error == {"code": "NOT_FOUND", "argument": "reassign_to_id"}


def test_members_are_listed(actors, tenant):
    act("deactivate", actors.admin, user=str(tenant.users["agent"].pk))
    document = """{ members(where: {column: IS_ACTIVE, value: false}) { data { role user { id } } }
      search: members(search: "colleague") { data { user { id } } } }"""

    answer = data(document, actor=actors.viewer)

    assert answer["members"]["data"] == [{"role": "AGENT", "user": {"id": str(tenant.users["agent"].pk)}}]
    assert answer["search"]["data"] == [{"user": {"id": str(tenant.users["colleague"].pk)}}]
