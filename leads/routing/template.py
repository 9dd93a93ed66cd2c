"""A receiver's template, which maps the paths of a payload to the fields of a lead."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import regex
from django.core.exceptions import ValidationError

from crm.custom_field_values import checked
from crm.models.custom_fields import LONGEST_NAME
from crm.texts import normalized_json
from leads.models.deal_value import READERS
from leads.routing.credentials import is_credential
from leads.routing.drafts import (
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
from leads.routing.leftovers import as_fields, field_name
from leads.routing.patterns import Deadline, SlowPattern, compile_pattern, extract

TYPES = ("string", "customField", "regex", "function")
#: The only function: a word of the templates' language. No Python function is called by a name in a template.
FUNCTION = "setPeople"
ADDRESS_FIELDS = ("address", "address_2", "city", "county", "state", "zip", "country")
MOST_ENTRIES = 200
LONGEST_PATH = 255


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One path of a template with the field that gets its value."""

    path: str
    type: str
    name: str
    default: str | None = None
    pattern: regex.Pattern[str] | None = None


@dataclass(frozen=True, kw_only=True)
class Part:
    """A path within ``setPeople``, with the contact type or the address field of its value."""

    kind: object
    path: str


@dataclass(frozen=True, kw_only=True)
class People:
    """The paths of ``setPeople``, which fill in what other entries left empty."""

    name: str | None
    organization: str | None
    contacts: tuple[Part, ...]
    addresses: tuple[tuple[Part, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Template:
    """A template that was checked and can be applied."""

    entries: tuple[Entry, ...]
    people: tuple[People, ...]

    @property
    def names(self) -> frozenset[str]:
        """The names that paths are mapped to; a payload key of that name is not kept as a custom field."""
        return frozenset(entry.name for entry in self.entries)


def compile_template(raw: object) -> Template:
    """Check a template and prepare it to be applied.

    :raises ValidationError: keyed ``template`` or ``template.<path>.<key>``.
    """
    if not isinstance(raw, dict):
        raise ValidationError({"template": ["Enter an object that maps paths to fields."]})
    if len(raw) > MOST_ENTRIES:
        raise ValidationError({"template": [f"A template has at most {MOST_ENTRIES} entries."]})
    entries, people = [], []
    # As payloads are read: in NFC.
    for path, target in normalized_json(raw).items():
        argument = f"template.{path}"
        if not path.strip() or len(path) > LONGEST_PATH:
            raise ValidationError({"template": [f"A path has 1 to {LONGEST_PATH} characters."]})
        if any(is_credential(part) for part in path.split(".")):
            raise ValidationError({argument: ["Passwords, tokens and other credentials are not stored."]})
        if not isinstance(target, dict):
            raise ValidationError({argument: ["Enter an object with name and type."]})
        if target.get("type") not in TYPES:
            raise ValidationError({f"{argument}.type": [f"Choose one of {', '.join(TYPES)}."]})
        if target["type"] == "function":
            people.append(_people(target, argument))
        else:
            entries.append(_entry(path, target, argument))
    return Template(entries=tuple(entries), people=tuple(people))


def _entry(path: str, target: Payload, argument: str) -> Entry:
    name = field_name(target["name"]) if isinstance(target.get("name"), str) else None
    if name is None:
        raise ValidationError({f"{argument}.name": [f"A name has 1 to {LONGEST_NAME} characters."]})
    default = target.get("default")
    if not isinstance(default, str | None) and text_of(default) is None:
        raise ValidationError({f"{argument}.default": ["Enter a text or a number."]})
    pattern = target.get("pattern")
    if pattern is not None and (target["type"] == "string" or not isinstance(pattern, str)):
        problem = (
            "A pattern is a text." if target["type"] != "string" else "Choose the type regex for a pattern."
        )
        raise ValidationError({f"{argument}.pattern": [problem]})
    try:
        compiled = compile_pattern(pattern) if pattern else None
    except ValueError as wrong:
        raise ValidationError({f"{argument}.pattern": [str(wrong)]}) from wrong
    return Entry(path=path, type=target["type"], name=name, default=text_of(default), pattern=compiled)


def _people(target: Payload, argument: str) -> People:
    if target.get("function") != FUNCTION:
        raise ValidationError({f"{argument}.function": [f"The only function is {FUNCTION}."]})
    json = target.get("json")
    if not isinstance(json, dict):
        raise ValidationError({f"{argument}.json": ["Enter an object of paths."]})
    for key in ("name", "organization"):
        if not isinstance(json.get(key), str | None):
            raise ValidationError({f"{argument}.json.{key}": ["Enter a path."]})
    addresses = json.get("address") or []
    return People(
        name=json.get("name"),
        organization=json.get("organization"),
        contacts=tuple(_contact_parts(json.get("contacts") or [], f"{argument}.json.contacts")),
        addresses=tuple(
            tuple(_address_parts(one, f"{argument}.json.address"))
            for one in (addresses if isinstance(addresses, list) else [addresses])
        ),
    )


def _contact_parts(contacts: object, argument: str) -> Iterator[Part]:
    for contact in contacts if isinstance(contacts, list) else [contacts]:
        match contact:
            case {"contacts_types_id": kind, "value": str(path)} if text_of(kind) is not None:
                yield Part(kind=kind, path=path)
            case _:
                raise ValidationError({argument: ["A contact needs contacts_types_id, and a path in value."]})


def _address_parts(address: object, argument: str) -> Iterator[Part]:
    if not isinstance(address, dict) or not all(isinstance(path, str) for path in address.values()):
        raise ValidationError({argument: [f"An address needs paths in {', '.join(ADDRESS_FIELDS)}."]})
    for name, path in address.items():
        if name not in ADDRESS_FIELDS:
            raise ValidationError({f"{argument}.{name}": [f"Choose one of {', '.join(ADDRESS_FIELDS)}."]})
        yield Part(kind=name, path=path)


def look_up(payload: object, path: str) -> object:
    """Return the value at a path of keys and list indexes with dots between them; None if there is none."""
    # A form may have a key with dots in it.
    if isinstance(payload, Mapping) and path in payload:
        return payload[path]
    found: Any = payload
    for part in (part.strip() for part in path.split(".")):
        if isinstance(found, Mapping):
            found = found.get(part)
        # Bounded, since Python refuses to read a number of thousands of digits.
        elif isinstance(found, list) and part.isascii() and part.isdigit() and len(part) < 9:
            found = found[int(part)] if int(part) < len(found) else None
        else:
            return None
    return found


def map_payload(payload: Payload, template: Template, *, skip: Collection[str] = ()) -> Draft:
    """Draft the lead of a payload by a template.

    :param skip: top-level keys that do not become custom fields.
    :raises ValidationError: keyed by the path, if a pattern cannot be matched against its value.
    """
    draft = Draft(member_id=member_of(payload))
    deadline = Deadline.starting_now()
    organization: str | None = None
    for entry in template.entries:
        value = _value(payload, entry, deadline)
        if value is None:
            _put_flag(draft, entry, payload)
        elif entry.type == "customField":
            draft.custom_fields.setdefault(entry.name, value)
        elif entry.name in ORGANIZATION_KEYS:
            organization = organization or value
        else:
            _put(draft, entry.name, value)
    for people in template.people:
        organization = organization or text_of(_joined(payload, people.organization))
        _set_people(draft, people, payload)
    organization = organization or organization_of(payload)
    draft.organization = {"name": organization} if organization else None
    # What no entry maps is kept under its own key.
    for name, field in as_fields(_unmapped(payload, template, skip, organization)).items():
        draft.custom_fields.setdefault(name, field)
    return draft


def _unmapped(
    payload: Payload, template: Template, skip: Collection[str], organization: str | None
) -> Iterator[tuple[str, Any]]:
    for key, value in payload.items():
        used = key in ORGANIZATION_KEYS and (value in (None, "") or text_of(value) == organization)
        if key not in template.names and key not in skip and not used:
            yield key, value


def _value(payload: Payload, entry: Entry, deadline: Deadline) -> str | None:
    found = look_up(payload, entry.path)
    if isinstance(found, list):
        # The hidden "0" and the "1" of a ticked box.
        found = checked(found)
    value = text_of(found) or entry.default
    if entry.pattern is None or value is None:
        return value
    try:
        return text_of(extract(entry.pattern, value, deadline))
    except ValueError as wrong:
        raise ValidationError({entry.path: [str(wrong)]}) from wrong
    except SlowPattern as slow:
        raise ValidationError({entry.path: ["The pattern took too long on this value."]}) from slow


def _put_flag(draft: Draft, entry: Entry, payload: Payload) -> None:
    """Keep true or false, which is no text, under the name of its custom field."""
    found = look_up(payload, entry.path)
    if entry.type == "customField" and entry.pattern is None and isinstance(found, bool):
        draft.custom_fields.setdefault(entry.name, found)


def _put(draft: Draft, name: str, value: str) -> None:
    if name == "email":
        draft.add_contact(EMAIL_TYPE, value)
    elif name == "phone":
        draft.add_contact(PHONE_TYPE, value)
    elif name in ("firstname", "lastname", "title", "description"):
        setattr(draft, name, getattr(draft, name) or value)
    elif name in READERS:
        # Refused later if it cannot be read: whoever maps a value to such a field means it.
        draft.deal_value.setdefault(name, value)
    else:
        draft.custom_fields.setdefault(name, value)


def _joined(payload: Payload, paths: str | None) -> str | None:
    """Return the value at a path, or the values at several paths, joined by spaces as the paths are."""
    if paths is None:
        return None
    # A path may itself have spaces in it, so it is tried as one first.
    whole = text_of(look_up(payload, paths))
    if whole is not None:
        return whole
    texts = [text_of(look_up(payload, path)) for path in paths.split()]
    return " ".join(text for text in texts if text) or None


def _set_people(draft: Draft, people: People, payload: Payload) -> None:
    name = _joined(payload, people.name)
    if name and not (draft.firstname or draft.lastname):
        first, _, last = name.partition(" ")
        draft.firstname, draft.lastname = first, last.strip() or None
    present = {str(contact["contacts_types_id"]) for contact in draft.contacts}
    for part in people.contacts:
        value = _joined(payload, part.path)
        if value and str(part.kind) not in present:
            draft.add_contact(part.kind, value)
    if not draft.addresses:
        addresses: list[Details] = [
            {str(part.kind): value for part in parts if (value := _joined(payload, part.path))}
            for parts in people.addresses
        ]
        draft.addresses = [address for address in addresses if address]
