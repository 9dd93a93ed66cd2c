"""Draft the lead of a payload without a template, by keys that are named as in the API."""

from collections.abc import Collection, Mapping

from leads.models.deal_value import READERS, read_valid
from leads.routing.drafts import (
    CELLPHONE_TYPE,
    EMAIL_TYPE,
    ORGANIZATION_KEYS,
    PHONE_TYPE,
    Details,
    Draft,
    Payload,
    member_of,
    organization_of,
    text_of,
)
from leads.routing.leftovers import as_fields
from leads.routing.template import ADDRESS_FIELDS
from people.models import ORGANIZATION_TEXTS

TEXTS = ("title", "description", "reason_lost", "firstname", "lastname")
PERSON_TEXTS = ("firstname", "middlename", "lastname", "email", "dob", "organization")
SHARED_TYPES = (str(EMAIL_TYPE), str(PHONE_TYPE), str(CELLPHONE_TYPE))
#: Keys that refer to rows are ignored: a stranger must not choose the owner or the stage of a lead.
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


def plain_draft(payload: Payload, *, skip: Collection[str] = ()) -> Draft:
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
    custom_fields = _custom_fields(payload.get("custom_fields"))
    if custom_fields is not None:
        used.add("custom_fields")
    draft.deal_value = {name: payload[name] for name in READERS if _is_deal_value(name, payload.get(name))}
    used |= draft.deal_value.keys()
    # A value that could not be read as text, such as a list of titles, is kept as a custom field.
    used |= {name for name in (*TEXTS, "email", "phone") if text_of(payload.get(name)) is not None}
    draft.custom_fields = as_fields({key: value for key, value in payload.items() if key not in used})
    draft.custom_fields |= custom_fields or {}
    return draft


def _is_deal_value(name: str, value: object) -> bool:
    # Without a template nobody has said what the key means: what does not fit is kept as a custom field.
    try:
        read_valid(name, value)
    except ValueError:
        return False
    return True


def _organization(payload: Payload) -> Details | None:
    for key in ORGANIZATION_KEYS:
        value = payload.get(key)
        if isinstance(value, Mapping):
            texts = {name: text for name in ORGANIZATION_TEXTS if (text := text_of(value.get(name)))}
            return texts if "name" in texts else None
    name = organization_of(payload)
    return {"name": name} if name else None


def _person(people: Payload) -> Details:
    person: Details = {
        name: value for name in PERSON_TEXTS if (value := text_of(people.get(name))) is not None
    }
    contacts = [_contact(one) for one in _objects(people.get("contacts"))]
    person["contacts"] = [contact for contact in contacts if contact["value"]]
    if not person["contacts"]:
        # To the API an empty list means no contacts at all, not even one of the e-mail.
        del person["contacts"]
    addresses = [
        {name: value for name in ADDRESS_FIELDS if (value := text_of(one.get(name)))}
        for one in _objects(people.get("address"))
    ]
    if any(addresses):
        person["address"] = [address for address in addresses if address]
    custom_fields = _custom_fields(people.get("custom_fields"))
    if custom_fields:
        person["custom_fields"] = [{"name": name, "value": value} for name, value in custom_fields.items()]
    return person


def _contact(contact: Payload) -> Details:
    value = text_of(contact.get("value"))
    type_id = text_of(contact.get("contacts_types_id"))
    # A company's own types are not for strangers to choose.
    if type_id not in SHARED_TYPES:
        type_id = str(EMAIL_TYPE if "@" in (value or "") else PHONE_TYPE)
    return {"contacts_types_id": type_id, "value": value}


def _objects(value: object) -> list[Payload]:
    # One object stands for a list of one: forms and simple clients send no lists.
    listed = value if isinstance(value, list) else [value]
    return [one for one in listed if isinstance(one, Mapping)]


def _custom_fields(value: object) -> Details | None:
    """Read custom fields from an object, or from a list of names and values as in the API."""
    if isinstance(value, Mapping):
        return as_fields(value)
    if not isinstance(value, list):
        return None
    return as_fields(
        (one["name"], one["data"] if "data" in one else one.get("value"))
        for one in _objects(value)
        if isinstance(one.get("name"), str)
    )
