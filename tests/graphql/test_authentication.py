"""Authentication by token and by session, the choice of the company, and what invalidates each."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory, override_settings
from django.utils import timezone

from crm.actors import ALL_SCOPES, Door, Role, Scope
from crm.authentication import (
    CredentialExpired,
    actor_for,
    authenticate_request,
    authenticate_session,
    authenticate_token,
    parse_bearer,
    still_good,
)
from crm.errors import Forbidden, NotFound, Unauthenticated
from crm.models import LeadVisibility
from crm.models.companies import MembershipQuerySet
from crm.services.tokens import revoke_token
from tests.factories.crm import CompanyFactory, MembershipFactory, UserFactory
from tests.graphql.http import codes, member, post, small_urls, token_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "header",
    ["Bearer abc", "bearer abc", "BEARER   abc", "Bearer abc "],
    ids=["usual", "lower", "wide", "end"],
)
def test_bearer_header_is_parsed(header):
    assert parse_bearer(header) == "abc"


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic abc", "abc", "Bearer a b", "Bearer é"])
def test_malformed_header_is_refused(header):
    with pytest.raises(Unauthenticated):
        parse_bearer(header)


@pytest.mark.postgres
def test_the_query_of_a_session_is_composed_once(monkeypatch):
    membership = member(Role.MANAGER)
    first = authenticate_session(membership.user)
    monkeypatch.delattr(MembershipQuerySet, "active")

    assert authenticate_session(membership.user) == first
    with pytest.raises(Unauthenticated):
        authenticate_session(AnonymousUser())


def test_token_gives_the_actor_of_its_company(django_assert_num_queries):
    membership = member(Role.MANAGER)
    MembershipFactory(user=membership.user, role=Role.VIEWER.value)
    row, raw = token_of(membership, scopes=["read"], last_used_at=timezone.now())

    with django_assert_num_queries(1):
        credential = authenticate_token(raw)

    assert credential.token_id == row.pk
    assert credential.user_id == membership.user_id
    assert credential.actor.company_id == membership.company_id
    assert credential.actor.role is Role.MANAGER
    assert credential.actor.scopes == {Scope.READ}
    assert credential.actor.door is Door.GRAPHQL
    assert credential.account == f"token:{row.pk}"


def test_company_decides_whether_all_leads_are_seen():
    membership = member(company=CompanyFactory(lead_visibility=LeadVisibility.OWN))
    _, raw = token_of(membership)

    assert not authenticate_token(raw).actor.sees_all_leads


def deactivate_user(membership, token):
    membership.user.is_active = False
    membership.user.save()


def deactivate_company(membership, token):
    membership.company.is_active = False
    membership.company.save()


def deactivate_membership(membership, token):
    membership.is_active = False
    membership.save()


def expire_token(membership, token):
    token.expires_at = timezone.now()
    token.save()


def revoke_row(membership, token):
    token.revoked_at = timezone.now()
    token.save()


@pytest.mark.parametrize(
    "invalidate", [deactivate_user, deactivate_company, deactivate_membership, expire_token, revoke_row]
)
def test_invalid_token_opens_nothing(invalidate):
    membership = member()
    row, raw = token_of(membership)
    credential = authenticate_token(raw)

    invalidate(membership, row)

    with pytest.raises(Unauthenticated):
        authenticate_token(raw)
    assert not still_good(credential)


def test_expired_token_is_distinguished_from_an_unknown_one():
    _, raw = token_of(member(), expires_at=timezone.now() - timedelta(seconds=1))

    with pytest.raises(CredentialExpired):
        authenticate_token(raw)
    with pytest.raises(Unauthenticated) as unknown:
        authenticate_token(raw + "x")
    assert not isinstance(unknown.value, CredentialExpired)


def test_token_of_a_user_who_left_for_another_company_opens_nothing():
    membership = member()
    _, raw = token_of(membership)
    MembershipFactory(user=membership.user)
    membership.delete()

    with pytest.raises(Unauthenticated):
        authenticate_token(raw)


def test_use_is_stored_once_a_minute():
    row, raw = token_of(member())
    start = timezone.now()
    seen = []

    for seconds in (0, 59, 61):
        with time_machine.travel(start + timedelta(seconds=seconds), tick=False):
            authenticate_token(raw)
        row.refresh_from_db()
        seen.append(row.last_used_at)

    assert seen == [start, start, start + timedelta(seconds=61)]


def test_session_works_in_its_default_company():
    user = UserFactory()
    MembershipFactory(user=user)
    usual = MembershipFactory(user=user, is_default=True, role=Role.VIEWER.value)

    credential = authenticate_session(user)

    assert credential.actor.company_id == usual.company_id
    assert credential.actor.role is Role.VIEWER
    assert credential.actor.scopes == ALL_SCOPES
    assert credential.token_id is None
    assert credential.account == f"user:{user.pk}"


def test_session_without_default_works_in_its_first_company():
    first = member()
    MembershipFactory(user=first.user)

    assert authenticate_session(first.user).actor.company_id == first.company_id


@pytest.mark.parametrize("name_of", [lambda company: company.pk, lambda company: company.uuid])
def test_session_chooses_its_company(name_of):
    first = member(is_default=True)
    second = MembershipFactory(user=first.user)

    credential = authenticate_session(first.user, company_key=str(name_of(second.company)))

    assert credential.actor.company_id == second.company_id


@pytest.mark.parametrize("key", ["0", "999999", "x", "", "٣", "9" * 30])
def test_company_without_membership_does_not_exist(key):
    with pytest.raises(NotFound) as refusal:
        authenticate_session(member().user, company_key=key)

    assert refusal.value.details == {"argument": "X-Company"}


def test_foreign_company_does_not_exist_for_a_session():
    with pytest.raises(NotFound):
        authenticate_session(member().user, company_key=str(CompanyFactory().pk))


def test_user_without_company_is_unauthenticated():
    with pytest.raises(Unauthenticated):
        authenticate_session(UserFactory())
    with pytest.raises(Unauthenticated):
        authenticate_session(AnonymousUser())


def request_with(**headers):
    return RequestFactory().post("/graphql", headers=headers)


def test_token_accepts_its_own_company_only():
    membership = member()
    other = MembershipFactory(user=membership.user)
    authorization = f"Bearer {token_of(membership)[1]}"

    for key in (membership.company_id, membership.company.uuid):
        credential = authenticate_request(request_with(authorization=authorization, x_company=str(key)))
        assert credential is not None
        assert credential.actor.company_id == membership.company_id
    for key in (other.company_id, other.company.uuid, 0):
        with pytest.raises(NotFound):
            authenticate_request(request_with(authorization=authorization, x_company=str(key)))


def test_request_without_anything_has_no_credential():
    assert authenticate_request(request_with()) is None


def test_actor_of_a_member():
    membership = member(Role.ADMIN)

    actor = actor_for(membership.user, membership.company, door=Door.COMMAND)

    assert (actor.user_id, actor.company_id) == (membership.user_id, membership.company_id)
    assert (actor.role, actor.door) == (Role.ADMIN, Door.COMMAND)


def test_actor_of_a_non_member_does_not_exist():
    with pytest.raises(NotFound):
        actor_for(UserFactory(), CompanyFactory(), door=Door.COMMAND)


@pytest.mark.parametrize("invalidate", [deactivate_user, deactivate_company, deactivate_membership])
def test_actor_of_an_inactive_membership_is_forbidden(invalidate):
    membership = member()
    invalidate(membership, None)

    with pytest.raises(Forbidden):
        actor_for(membership.user, membership.company, door=Door.ADMIN)


def test_credential_is_valid_until_the_rights_change():
    membership = member(Role.MANAGER)
    _, raw = token_of(membership)
    credentials = [authenticate_token(raw), authenticate_session(membership.user)]
    assert [still_good(credential) for credential in credentials] == [True, True]

    membership.role = Role.VIEWER.value
    membership.save()

    assert [still_good(credential) for credential in credentials] == [False, False]


def test_credential_of_a_revoked_token_is_not_valid():
    _, raw = token_of(member())
    credential = authenticate_token(raw)

    revoke_token(raw)

    assert not still_good(credential)


QUERY = {"query": "{ user_id }"}


def browser(**member_columns):
    """Return a signed-in client that enforces CSRF, the user, and the CSRF token."""
    client = Client(enforce_csrf_checks=True)
    user = member(**member_columns).user
    client.force_login(user)
    with override_settings(GRAPHIQL_ENABLED=True):
        client.get("/graphql", headers={"Accept": "text/html"})
    return client, user, client.cookies["csrftoken"].value


@small_urls
def test_session_with_csrf_token_and_own_origin_is_accepted():
    client, user, csrf = browser()

    for headers in ({}, {"Origin": "http://testserver"}):
        response = post(QUERY, client=client, headers={"X-CSRFToken": csrf} | headers)
        assert response.status_code == 200
        assert response.json() == {"data": {"user_id": str(user.pk)}}


@small_urls
@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://testserver", "http://testserver:81"]
)
def test_session_from_a_foreign_origin_is_refused(origin):
    client, _, csrf = browser()

    response = post(QUERY, client=client, headers={"X-CSRFToken": csrf, "Origin": origin})

    assert response.status_code == 403
    assert response["Content-Type"] == "application/json; charset=utf-8"
    assert codes(response) == ["FORBIDDEN"]


@small_urls
@pytest.mark.parametrize("sent", [{}, {"X-CSRFToken": "x" * 32}, {"X-CSRFToken": ""}])
def test_session_without_its_csrf_token_is_refused_before_the_body_is_read(sent):
    client, _, _ = browser()

    response = post(b"{ not json", client=client, headers=sent)

    assert response.status_code == 403
    assert codes(response) == ["FORBIDDEN"]


@small_urls
def test_bad_token_never_falls_back_to_the_session():
    client, _, csrf = browser()

    response = post(QUERY, client=client, headers={"X-CSRFToken": csrf, "Authorization": "Bearer wrong"})

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert codes(response) == ["UNAUTHENTICATED"]


@small_urls
def test_token_needs_no_csrf_and_ignores_the_session():
    client, _, _ = browser()
    membership = member()
    headers = {"Authorization": f"Bearer {token_of(membership)[1]}", "Origin": "http://evil.example"}

    response = post(QUERY, client=client, headers=headers)

    assert response.json() == {"data": {"user_id": str(membership.user_id)}}


@small_urls
def test_get_never_reads_the_session():
    client, _, csrf = browser()

    response = client.get("/graphql", {"query": "{ user_id }"}, headers={"X-CSRFToken": csrf})

    assert codes(response) == ["UNAUTHENTICATED"]


@small_urls
def test_company_of_a_session_is_chosen_by_header():
    client, user, csrf = browser(is_default=True)
    other = MembershipFactory(user=user, role=Role.ADMIN.value)
    body = {"query": "{ admins_only }"}

    usual = post(body, client=client, headers={"X-CSRFToken": csrf})
    chosen = post(body, client=client, headers={"X-CSRFToken": csrf, "X-Company": str(other.company.uuid)})
    foreign = post(
        body, client=client, headers={"X-CSRFToken": csrf, "X-Company": str(CompanyFactory().uuid)}
    )

    assert codes(usual) == ["FORBIDDEN"]
    assert chosen.json() == {"data": {"admins_only": None}}
    assert codes(foreign) == ["NOT_FOUND"]
    assert foreign.json()["errors"][0]["extensions"]["argument"] == "X-Company"


@small_urls
@override_settings(SESSION_COOKIE_NAME="sessionid")
def test_unknown_session_is_no_credential():
    client, _, csrf = browser()
    client.cookies["sessionid"] = "gone"

    response = post(QUERY, client=client, headers={"X-CSRFToken": csrf})

    assert codes(response) == ["UNAUTHENTICATED"]
