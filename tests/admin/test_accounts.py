"""The pages of users, members, companies, tokens and tags."""

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from crm.actors import Scope
from crm.authentication import authenticate_token
from crm.errors import Unauthenticated
from crm.models import ApiToken, Company, Membership, Tag, User
from crm.services.tokens import create_token
from leads.models import LeadReceiver, LeadStatus
from leads.services.leads import create_lead
from pipelines.models import Pipeline, Stage
from tests.admin.conftest import errors_of, form_of, messages_of
from tests.factories.crm import TagFactory, UserFactory
from tests.factories.leads import LeadFactory

TOKENS = "/admin/crm/apitoken/"


@pytest.fixture
def superuser(signed_in, tenant):
    """The browser of an agent who is a superuser."""
    client = signed_in("agent")
    tenant.users["agent"].is_superuser = True
    tenant.users["agent"].save()
    return client


def test_new_token_is_shown_once_and_opens_the_company(signed_in, tenant):
    client = signed_in("admin")
    agent = tenant.users["agent"]
    form = form_of(client, TOKENS + "add/", user=agent.pk, name="Website", scopes=["read"])

    shown = client.post(TOKENS + "add/", form, follow=True)
    later = client.get(TOKENS)

    # With a button that copies it.
    [raw] = re.findall(r"<code [^>]*data-copy=[^>]*>([^<]+)</code>", messages_of(shown)[0])
    token = ApiToken.objects.get()
    actor = authenticate_token(raw).actor
    assert (actor.user_id, actor.company_id, actor.scopes) == (
        agent.pk,
        tenant.company.pk,
        frozenset({Scope.READ}),
    )
    assert raw not in later.content.decode()
    assert raw not in str(LogEntry.objects.values_list("object_repr", "change_message"))
    for page in (shown, later, client.get(reverse("admin:crm_apitoken_change", args=[token.pk]))):
        assert token.hash not in page.content.decode()
        assert token.prefix in page.content.decode()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["root"]}, "scopes"),
        ({"expires_at_0": "2020-01-01", "expires_at_1": "00:00:00"}, "expires_at"),
        ({"user": ""}, "user"),
        ({"user": "stranger"}, "user"),
        ({"user": "left"}, "user"),
    ],
)
def test_token_that_is_refused(signed_in, tenant, other_tenant, change, field):
    client = signed_in("admin")
    Membership.objects.filter(user=tenant.users["colleague"]).update(is_active=False)
    users = {"stranger": other_tenant.users["agent"].pk, "left": tenant.users["colleague"].pk}
    form = form_of(client, TOKENS + "add/", user=tenant.users["agent"].pk, scopes=["read"])

    response = client.post(
        TOKENS + "add/", form | {name: users.get(str(value), value) for name, value in change.items()}
    )

    assert list(errors_of(response)) == [field]
    assert not ApiToken.objects.exists()


def test_token_is_revoked(signed_in, tenant):
    client = signed_in("admin")
    token, raw = create_token(tenant.users["agent"], tenant.company)

    response = client.post(TOKENS, {"action": "revoke_selected", "_selected_action": [token.pk]}, follow=True)

    assert messages_of(response) == ["Revoked 1 API token."]
    with pytest.raises(Unauthenticated):
        authenticate_token(raw)


def test_member_is_added_by_username(signed_in, tenant):
    client = signed_in("admin")
    page = "/admin/crm/membership/add/"
    known = UserFactory(username="known")

    for username in ("known", "unheard-of"):
        assert client.post(page, {"username": username, "role": "MANAGER"}).status_code == 302
    again = client.post(page, {"username": "known", "role": "ADMIN"})
    illegal = client.post(page, {"username": "not a name!", "role": "AGENT"})

    new = User.objects.get(username="unheard-of")
    roles = {row.user: row.role for row in Membership.objects.filter(company=tenant.company)}
    assert (roles[known], roles[new]) == ("MANAGER", "MANAGER")
    assert not new.has_usable_password()
    assert errors_of(again) == {"username": ["This user is already a member of the company."]}
    assert list(errors_of(illegal)) == ["username"]


def test_membership_changes_role_and_ends(signed_in, tenant):
    client = signed_in("admin")
    membership = Membership.objects.get(user=tenant.users["agent"])
    page = reverse("admin:crm_membership_change", args=[membership.pk])
    stranger = UserFactory()

    client.post(page, {"role": "VIEWER", "user": stranger.pk})

    membership.refresh_from_db()
    assert (membership.role, membership.is_active) == ("VIEWER", False)
    assert membership.user == tenant.users["agent"]


def test_administrator_changes_settings_of_the_own_company(signed_in, tenant, other_tenant):
    client = signed_in("admin")
    page = reverse("admin:crm_company_change", args=[tenant.company.pk])
    foreign = reverse("admin:crm_company_change", args=[other_tenant.company.pk])

    client.post(page, form_of(client, page, name="Renamed", lead_visibility="OWN"))
    client.post(foreign, form_of(client, page, name="Taken"))

    assert list(Company.objects.order_by("pk").values_list("name", "lead_visibility")) == [
        ("Renamed", "OWN"),
        ("Other", "ALL"),
    ]


def test_superuser_makes_and_changes_companies(superuser, other_tenant):
    page = "/admin/crm/company/add/"
    foreign = reverse("admin:crm_company_change", args=[other_tenant.company.pk])

    values = {"admin_username": "third-admin", "region": "de", "currency": "EUR"}
    assert superuser.post(page, {**values, "name": "Third"}).status_code == 302
    refused = superuser.post(page, {**values, "name": "Fourth", "admin_username": "not a name!"})
    nowhere = superuser.post(page, {**values, "name": "Fifth", "admin_username": "fifth", "region": "XX"})
    no_money = superuser.post(page, {**values, "name": "Sixth", "admin_username": "sixth", "currency": "XXY"})
    superuser.post(foreign, form_of(superuser, foreign, name="Changed"))

    third = Company.objects.get(name="Third")
    assert Pipeline.objects.filter(company=third).count() == 1
    assert third.region == "DE"
    assert third.currency == "EUR"
    assert list(errors_of(nowhere)) == ["region"]
    assert list(errors_of(no_money)) == ["currency"]
    assert superuser.get(page).context["adminform"].form["region"].value() == "US"
    assert Membership.objects.get(company=third).user.username == "third-admin"
    assert list(errors_of(refused)) == ["admin_username"]
    assert sorted(Company.objects.values_list("name", flat=True)) == ["Changed", "Tenant", "Third"]


def test_a_new_company_has_the_language_of_who_makes_it_unless_another_is_chosen(superuser):
    page = "/admin/crm/company/add/"
    german = {"accept-language": "de"}

    offered = superuser.get(page, headers=german).context["adminform"].form["language"]
    assert offered.value() == "de"
    values = {"admin_username": "ada", "region": "DE", "currency": "EUR", "language": offered.value()}
    superuser.post(page, {**values, "name": "Nord"}, headers=german)
    assert Stage.objects.filter(company__name="Nord").earliest("weight").name == "Neu"
    # English is what a company without a language has.
    assert superuser.get(page).context["adminform"].form["language"].value() == ""


def test_superuser_adds_and_changes_users(superuser, other_tenant):
    page = "/admin/crm/user/add/"
    passwords = {"password1": "a-long-Passw0rd", "password2": "a-long-Passw0rd", "usable_password": "true"}

    superuser.post(page, {"username": "newcomer", **passwords})
    weak = superuser.post(page, {"username": "weak", **passwords, "password1": "1", "password2": "1"})
    newcomer = User.objects.get(username="newcomer")
    change = reverse("admin:crm_user_change", args=[newcomer.pk])
    superuser.post(change, form_of(superuser, change, displayname="New Comer", is_staff="on"))
    taken = superuser.post(change, form_of(superuser, change, username="agent@other"))

    newcomer.refresh_from_db()
    assert newcomer.check_password("a-long-Passw0rd")
    assert (newcomer.displayname, newcomer.is_staff) == ("New Comer", True)
    assert list(errors_of(weak)) == ["password2"]
    assert list(errors_of(taken)) == ["username"]
    assert other_tenant.users["agent"] in superuser.get("/admin/crm/user/").context["cl"].result_list


def test_colleague_is_shown_without_rights(signed_in, tenant):
    client = signed_in("admin")
    tenant.users["colleague"].set_password("secret")
    tenant.users["colleague"].save()

    page = client.get(reverse("admin:crm_user_change", args=[tenant.users["colleague"].pk]))
    password = client.get(reverse("admin:auth_user_password_change", args=[tenant.users["colleague"].pk]))

    text = page.content.decode()
    assert "colleague@tenant" in text
    assert "md5" not in text
    assert "Superuser" not in text
    assert password.status_code == 403


def test_tags(signed_in, tenant):
    client = signed_in("agent")
    vip = TagFactory(company=tenant.company, name="VIP")
    lead = create_lead({"title": "Deal", "tags": [{"name": "VIP"}]}, actor=tenant.actors.agent)
    page = "/admin/crm/tag/add/"

    client.post(page, form_of(client, page, name="Hot lead", weight="3"))
    twice = client.post(page, form_of(client, page, name="vip", slug="another"))
    client.post(reverse("admin:crm_tag_delete", args=[vip.pk]), {"post": "yes"})

    hot = Tag.objects.get()
    assert (hot.slug, hot.weight) == ("hot-lead", 3)
    assert errors_of(twice) == {"name": ["A tag of this name exists already."]}
    assert lead.tags.count() == 0


def test_default_status_moves(signed_in, tenant):
    client = signed_in("manager")
    won, opened = LeadStatus.objects.get(name="Won"), LeadStatus.objects.get(name="Open")
    page = reverse("admin:leads_leadstatus_change", args=[won.pk])

    client.post(page, form_of(client, page, is_default="on"))
    form = form_of(client, page)
    del form["is_default"]
    refused = client.post(page, form)

    opened.refresh_from_db()
    assert list(LeadStatus.objects.filter(is_default=True)) == [won]
    assert not opened.is_default
    assert errors_of(refused) == {"__all__": ["Make another status the default instead."]}


def test_lookup_name_is_taken_once(signed_in, tenant):
    client = signed_in("manager")
    page = "/admin/leads/leadsource/add/"

    response = client.post(page, form_of(client, page, name="website", is_active="on"))

    assert errors_of(response) == {"name": ["A source of this name exists already."]}


def test_agent_of_a_receiver_may_own_leads(signed_in, tenant, other_tenant):
    client = signed_in("manager")
    receiver = LeadReceiver.objects.get(company=tenant.company)
    page = reverse("admin:leads_leadreceiver_change", args=[receiver.pk])

    for user in (tenant.users["viewer"], other_tenant.users["agent"]):
        assert list(errors_of(client.post(page, form_of(client, page, agent=user.pk)))) == ["agent"]
    stored = client.post(page, form_of(client, page, agent=tenant.users["agent"].pk))

    assert stored.status_code == 302
    receiver.refresh_from_db()
    assert receiver.agent == tenant.users["agent"]


def test_status_in_use_stays(signed_in, tenant):
    client = signed_in("manager")
    lead = LeadFactory(company=tenant.company, status=LeadStatus.objects.get(name="Duplicate"))
    both = [lead.status_id, LeadStatus.objects.get(name="Closed").pk]

    response = client.post(
        "/admin/leads/leadstatus/",
        {"action": "delete_selected", "_selected_action": both, "post": "yes"},
        follow=True,
    )

    assert messages_of(response) == ["Duplicate: 1 leads still use it.", "Deleted 1 lead status."]
    assert not LeadStatus.objects.filter(name="Closed").exists()


def test_token_expires(signed_in, tenant):
    client = signed_in("admin")
    tomorrow = timezone.now() + timedelta(days=1)
    form = form_of(client, TOKENS + "add/", user=tenant.users["agent"].pk, scopes=["read", "write"])

    client.post(TOKENS + "add/", form | {"expires_at_0": f"{tomorrow:%Y-%m-%d}", "expires_at_1": "12:00:00"})

    expires_at = ApiToken.objects.get().expires_at
    assert expires_at is not None
    assert f"{expires_at:%Y-%m-%d %H:%M}" == f"{tomorrow:%Y-%m-%d} 12:00"
