"""A payload for a receiver without a template: its keys are called as the API calls them."""

from collections.abc import Collection, Mapping
from typing import Any

from leads.routing.drafts import (
    CELLPHONE_TYPE,
    EMAIL_TYPE,
    ORGANIZATION_KEYS,
    PHONE_TYPE,
    Draft,
    member_of,
    organization_of,
    text_of,
)
from leads.routing.template import ADDRESS_FIELDS
from people.models import ORGANIZATION_TEXTS

TEXTS = ("title", "description", "reason_lost", "firstname", "lastname")
PERSON_TEXTS = ("firstname", "middlename", "lastname", "email", "dob", "organization")
SHARED_TYPES = (str(EMAIL_TYPE), str(PHONE_TYPE), str(CELLPHONE_TYPE))
#: Keys that name rows: a stranger's word does not choose any.
IDS = (
    "company_id",
    "branch_id",
    "people_id",
    "organization_id",
    "leads_owner_id",
    "receiver_id",
    "status_id",
    "type_id",
    "source_id",
    "pipelines_id",
    "pipeline_id",
    "pipeline_stage_id",
    "participants_id",
)


def plain_draft(payload: Mapping[str, Any], *, skip: Collection[str] = ()) -> Draft:
    """Make a draft of a payload by the names of its keys; keys of no such name become custom fields.

    :param skip: keys at the top of the payload that are not kept.
    """
    draft = Draft(member_id=member_of(payload))
    used = {*IDS, *skip}
    for name in TEXTS:
        setattr(draft, name, text_of(payload.get(name)))
    for name, type_id in (("email", EMAIL_TYPE), ("phone", PHONE_TYPE)):
        value = text_of(payload.get(name))
        if value is not None:
            draft.add_contact(type_id, value)
    if isinstance(payload.get("people"), Mapping):
        draft.person = _person(payload["people"])
        used.add("people")
    draft.organization = _organization(payload)
    for key in ORGANIZATION_KEYS:
        value = payload.get(key)
        named = value in (None, "") or text_of(value) == (draft.organization or {"name": ""})["name"]
        if named or isinstance(value, Mapping):
            used.add(key)
    given = _custom_fields(payload.get("custom_fields"))
    if given is not None:
        used.add("custom_fields")
    # A text that was read is no custom field; of another kind, it is kept as it came.
    used |= {name for name in (*TEXTS, "email", "phone") if text_of(payload.get(name)) is not None}
    draft.custom_fields = {key: value for key, value in payload.items() if key not in used} | (given or {})
    return draft


def _organization(payload: Mapping[str, Any]) -> dict[str, Any] | None:
    for key in ORGANIZATION_KEYS:
        told = payload.get(key)
        if isinstance(told, Mapping):
            texts = {name: value for name in ORGANIZATION_TEXTS if (value := text_of(told.get(name)))}
            return texts if "name" in texts else None
    name = organization_of(payload)
    return {"name": name} if name else None


def _person(told: Mapping[str, Any]) -> dict[str, Any]:
    person: dict[str, Any] = {
        name: value for name in PERSON_TEXTS if (value := text_of(told.get(name))) is not None
    }
    contacts = [_contact(one) for one in _objects(told.get("contacts"))]
    person["contacts"] = [contact for contact in contacts if contact["value"]]
    if not person["contacts"]:
        # An empty list would stand for no contacts, not even those of the e-mail.
        del person["contacts"]
    addresses = [
        {name: value for name in ADDRESS_FIELDS if (value := text_of(one.get(name)))}
        for one in _objects(told.get("address"))
    ]
    if any(addresses):
        person["address"] = [address for address in addresses if address]
    given = _custom_fields(told.get("custom_fields"))
    if given:
        person["custom_fields"] = [{"name": name, "value": value} for name, value in given.items()]
    return person


def _contact(told: Mapping[str, Any]) -> dict[str, Any]:
    value = text_of(told.get("value"))
    type_id = text_of(told.get("contacts_types_id"))
    if type_id not in SHARED_TYPES:
        type_id = str(EMAIL_TYPE if "@" in (value or "") else PHONE_TYPE)
    return {"contacts_types_id": type_id, "value": value}


def _objects(told: Any) -> list[Mapping[str, Any]]:
    listed = told if isinstance(told, list) else [told]
    return [one for one in listed if isinstance(one, Mapping)]


def _custom_fields(told: Any) -> dict[str, Any] | None:
    """Read custom fields as an object, or as the list of names and values that the API takes."""
    if isinstance(told, Mapping):
        return dict(told)
    if not isinstance(told, list):
        return None
    return {
        one["name"]: one["data"] if "data" in one else one.get("value")
        for one in _objects(told)
        if isinstance(one.get("name"), str)
    }
