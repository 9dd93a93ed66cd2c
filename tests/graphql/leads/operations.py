"""The documents of the lead tests, and their shortest use."""

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
    """Create a lead and give it as the API answers it."""
    lead: dict[str, Any] = data(CREATE, actor=actor, variables={"input": {"title": "Deal", **values}})[
        "createLead"
    ]
    return lead


def create_refused(actor: Actor, **values: Any) -> dict[str, Any]:
    """Give the extensions of the refusal to create a lead."""
    error = refusal(CREATE, actor=actor, variables={"input": {"title": "Deal", **values}})
    extensions: dict[str, Any] = error["extensions"]
    return extensions


def update(actor: Actor, key: Any, version: int | None = None, **values: Any) -> dict[str, Any]:
    """Change a lead and give it as the API answers it."""
    variables = {"id": str(key), "input": values, "version": version}
    lead: dict[str, Any] = data(UPDATE, actor=actor, variables=variables)["updateLead"]
    return lead


def update_refused(actor: Actor, key: Any, version: int | None = None, **values: Any) -> dict[str, Any]:
    """Give the extensions of the refusal to change a lead."""
    variables = {"id": str(key), "input": values, "version": version}
    extensions: dict[str, Any] = refusal(UPDATE, actor=actor, variables=variables)["extensions"]
    return extensions


def not_found(argument: str) -> dict[str, str]:
    """Give the extensions of an id that does not exist for the caller."""
    return {"code": "NOT_FOUND", "argument": argument}


def invalid(**messages: str) -> dict[str, Any]:
    """Give the extensions of broken rules, by path with ``__`` for the dots below ``input``."""
    return {
        "code": "VALIDATION",
        "validation": {f"input.{path.replace('__', '.')}": [text] for path, text in messages.items()},
    }
