"""Documents of the tests of channels, messages, notes and tasks."""

from typing import Any

from crm.actors import Actor
from tests.clients import data, refusal

CHANNEL = """id uuid name slug description entity_namespace entity_id last_message_id users { id }
  messages { id message }"""
MESSAGE = "id channel_id parent_id user { id } message message_verb is_system slug files { name }"
ACTIVITY = """id kind text due_at done_at version entity_namespace entity_id door
  user { id } assignee { id } done_by { id }"""
#: All that calls, meetings, e-mails and recurring tasks have besides.
WHOLE_ACTIVITY = f"""{ACTIVITY} subject starts_at minutes direction outcome priority remind_at recurrence
  previous_id participants {{ id }} people_participants {{ id name }}
  record {{ lead {{ id title }} people {{ id }} organization {{ id }} }}"""
OPERATIONS = {
    "createSocialChannel": ("$input: SocialChannelInput!", "input: $input", CHANNEL),
    "updateSocialChannel": ("$id: ID!, $input: SocialChannelInput!", "id: $id, input: $input", CHANNEL),
    "deleteSocialChannel": ("$id: ID!", "id: $id", CHANNEL),
    "attachUserToSocialChannel": ("$input: AttachUserInput!", "input: $input", CHANNEL),
    "detachUserToSocialChannel": (
        "$channel: ID!, $user: ID!",
        "channel_id: $channel, user_id: $user",
        CHANNEL,
    ),
    "createMessage": ("$input: MessageInput!", "input: $input", MESSAGE),
    "updateMessage": ("$id: ID!, $input: MessageUpdateInput!", "id: $id, input: $input", MESSAGE),
    "deleteMessage": ("$id: ID!", "id: $id", ""),
    "createActivity": ("$input: ActivityInput!", "input: $input", ACTIVITY),
    "updateActivity": (
        "$id: ID!, $input: ActivityInput!, $version: Int",
        "id: $id, input: $input, expected_version: $version",
        ACTIVITY,
    ),
    "completeTask": ("$id: ID!", "id: $id", ACTIVITY),
    "reopenTask": ("$id: ID!", "id: $id", ACTIVITY),
    "deleteActivity": ("$id: ID!, $version: Int", "id: $id, expected_version: $version", ""),
    "restoreActivity": ("$id: ID!", "id: $id", ""),
}


def _document(name: str, wanted: str | None = None) -> str:
    declared, arguments, selection = OPERATIONS[name]
    selection = wanted or selection
    opened = f" {{ {selection} }}" if selection else ""
    return f"mutation({declared}) {{ {name}({arguments}){opened} }}"


def _plain(variables: dict[str, Any]) -> dict[str, Any]:
    return {
        name: str(value) if name in ("id", "channel", "user") else value for name, value in variables.items()
    }


def do(name: str, actor: Actor, *, selection: str | None = None, **variables: Any) -> Any:
    """Run a mutation that must succeed, and return its result."""
    return data(_document(name, selection), actor=actor, variables=_plain(variables))[name]


def refused(name: str, actor: Actor, **variables: Any) -> dict[str, Any]:
    """Return the error extensions of a refused mutation."""
    error = refusal(_document(name), actor=actor, variables=_plain(variables))
    extensions: dict[str, Any] = error["extensions"]
    return extensions


def not_found(argument: str) -> dict[str, Any]:
    return {"code": "NOT_FOUND", "argument": argument}
