"""Documents of the lead tests, and functions that run them."""

from typing import Any

from crm.actors import Actor
from tests.clients import data, refusal

FIELDS = """id uuid title firstname lastname email phone description reason_lost closed_at version
  people { id } organization { id } owner { id } receiver { id } status { name } type { name }
  source { name } pipeline { id } stage { id name } participants { id } followers { id } user { id }
  tags { name } custom_fields { name value } channels { name slug users { id } }"""
CREATE = f"mutation($input: LeadInput!) {{ createLead(input: $input) {{ {FIELDS} }} }}"
UPDATE = f"""mutation($id: ID!, $input: LeadUpdateInput!, $version: Int) {{
  updateLead(id: $id, input: $input, expected_version: $version) {{ {FIELDS} }} }}"""


def create(actor: Actor, **values: Any) -> dict[str, Any]:
    """Create a lead and return it as the API does."""
    lead: dict[str, Any] = data(CREATE, actor=actor, variables={"input": {"title": "Deal", **values}})[
        "createLead"
    ]
    return lead


def create_refused(actor: Actor, **values: Any) -> dict[str, Any]:
    """Return the error extensions of a refused createLead."""
    error = refusal(CREATE, actor=actor, variables={"input": {"title": "Deal", **values}})
    extensions: dict[str, Any] = error["extensions"]
    return extensions


def update(actor: Actor, key: Any, version: int | None = None, **values: Any) -> dict[str, Any]:
    """Update a lead and return it as the API does."""
    variables = {"id": str(key), "input": values, "version": version}
    lead: dict[str, Any] = data(UPDATE, actor=actor, variables=variables)["updateLead"]
    return lead


def update_refused(actor: Actor, key: Any, version: int | None = None, **values: Any) -> dict[str, Any]:
    """Return the error extensions of a refused updateLead."""
    variables = {"id": str(key), "input": values, "version": version}
    extensions: dict[str, Any] = refusal(UPDATE, actor=actor, variables=variables)["extensions"]
    return extensions


def not_found(argument: str) -> dict[str, str]:
    """Return the error extensions for an id that does not exist for the caller."""
    return {"code": "NOT_FOUND", "argument": argument}


def invalid(**messages: str) -> dict[str, Any]:
    """Return the error extensions of broken rules, by path below ``input`` with ``__`` for dots."""
    return {
        "code": "VALIDATION",
        "validation": {f"input.{path.replace('__', '.')}": [text] for path, text in messages.items()},
    }
