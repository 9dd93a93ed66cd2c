"""Requests to the small schema over HTTP."""

import json
from typing import Any

from django.test import Client, override_settings

from crm.actors import ALL_SCOPES, Role
from crm.models import ApiToken, Membership
from crm.models.tokens import new_raw_token
from tests.factories.crm import ApiTokenFactory, MembershipFactory

RESPONSE_TYPE = "application/graphql-response+json"

small_urls = override_settings(ROOT_URLCONF="tests.graphql.small_urls")


def token_of(membership: Membership, **columns: Any) -> tuple[ApiToken, str]:
    """Create a token of a member; return its row and the raw token."""
    raw = new_raw_token()
    row = ApiTokenFactory(raw=raw, company=membership.company, user=membership.user, **columns)
    return row, raw


def member(role: Role = Role.AGENT, **columns: Any) -> Membership:
    """Create an active member of a new company."""
    return MembershipFactory(role=role.value, **columns)


def bearer(role: Role = Role.AGENT, scopes: Any = ALL_SCOPES) -> dict[str, str]:
    """Create a member with a token; return the headers that send it."""
    _, raw = token_of(member(role), scopes=sorted(scopes))
    return {"Authorization": f"Bearer {raw}"}


def post(body: Any, *, headers: dict[str, str] | None = None, client: Client | None = None) -> Any:
    """POST JSON, or raw bytes, and return the response."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    # As an extra, since Django's client omits the content type of an empty body.
    return (client or Client()).generic(
        "POST", "/graphql", data=data, headers=headers or {}, CONTENT_TYPE="application/json"
    )


def codes(response: Any) -> list[str]:
    """Return the error codes of an answer."""
    return [error["extensions"]["code"] for error in response.json().get("errors", [])]
