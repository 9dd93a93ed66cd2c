"""A receiver's template: which part of a payload becomes which part of a lead."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError

from leads.routing.credentials import is_credential
from leads.routing.drafts import (
    EMAIL_TYPE,
    ORGANIZATION_KEYS,
    PHONE_TYPE,
    Draft,
    member_of,
    organization_of,
    text_of,
)
from leads.routing.patterns import Deadline, SlowPattern, compile_pattern, taken_by

TYPES = ("string", "customField", "regex", "function")
#: The one function that a template may name; none is ever called by name.
FUNCTION = "setPeople"
ADDRESS_FIELDS = ("address", "address_2", "city", "county", "state", "zip", "country")
MOST_ENTRIES = 200
LONGEST_PATH = 255
LONGEST_NAME = 100


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of a template."""

    path: str
    type: str
    name: str
    default: str | None = None
    pattern: Any = None


@dataclass(frozen=True, kw_only=True)
class Part:
    """A path in what ``setPeople`` is told, with what its value is."""

    kind: Any
    path: str


@dataclass(frozen=True, kw_only=True)
class People:
    """What ``setPeople`` fills in where other entries left it empty."""

    name: str | None
    organization: str | None
    contacts: tuple[Part, ...]
    addresses: tuple[tuple[Part, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Template:
    """A template that was checked."""

    entries: tuple[Entry, ...]
    people: tuple[People, ...]

    @property
    def names(self) -> frozenset[str]:
        """What payload keys are mapped to; a key of such a name is no leftover."""
        return frozenset(entry.name for entry in self.entries)


def compile_template(raw: Any) -> Template:
    """Read a template as it is stored.

    :raises ValidationError: keyed ``template`` or ``template.<path>.<key>``.
    """
    if not isinstance(raw, dict):
        raise ValidationError({"template": ["Enter an object of paths and what becomes of them."]})
    if len(raw) > MOST_ENTRIES:
        raise ValidationError({"template": [f"A template has at most {MOST_ENTRIES} entries."]})
    entries, people = [], []
    for path, told in raw.items():
        place = f"template.{path}"
        if not path.strip() or len(path) > LONGEST_PATH:
            raise ValidationError({"template": [f"A path has 1 to {LONGEST_PATH} characters."]})
        if any(is_credential(part) for part in path.split(".")):
            raise ValidationError({place: ["Passwords, tokens and other credentials are not kept."]})
        if not isinstance(told, dict):
            raise ValidationError({place: ["Enter an object with name and type."]})
        if told.get("type") not in TYPES:
            raise ValidationError({f"{place}.type": [f"Choose one of {', '.join(TYPES)}."]})
        if told["type"] == "function":
            people.append(_people(told, place))
        else:
            entries.append(_entry(path, told, place))
    return Template(entries=tuple(entries), people=tuple(people))


def _entry(path: str, told: Mapping[str, Any], place: str) -> Entry:
    name = told.get("name")
    if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_NAME:
        raise ValidationError({f"{place}.name": [f"A name has 1 to {LONGEST_NAME} characters."]})
    default = told.get("default")
    if not isinstance(default, str | None) and text_of(default) is None:
        raise ValidationError({f"{place}.default": ["Enter a text or a number."]})
    pattern = told.get("pattern")
    if pattern is not None and (told["type"] == "string" or not isinstance(pattern, str)):
        problem = (
            "A pattern is a text." if told["type"] != "string" else "Choose the type regex for a pattern."
        )
        raise ValidationError({f"{place}.pattern": [problem]})
    try:
        compiled = compile_pattern(pattern) if pattern else None
    except ValueError as wrong:
        raise ValidationError({f"{place}.pattern": [str(wrong)]}) from wrong
    return Entry(path=path, type=told["type"], name=name.strip(), default=text_of(default), pattern=compiled)


def _people(told: Mapping[str, Any], place: str) -> People:
    if told.get("function") != FUNCTION:
        raise ValidationError({f"{place}.function": [f"The one function there is is {FUNCTION}."]})
    json = told.get("json")
    if not isinstance(json, dict):
        raise ValidationError({f"{place}.json": ["Enter an object of paths."]})
    for key in ("name", "organization"):
        if not isinstance(json.get(key), str | None):
            raise ValidationError({f"{place}.json.{key}": ["Enter a path."]})
    addresses = json.get("address") or []
    return People(
        name=json.get("name"),
        organization=json.get("organization"),
        contacts=tuple(_contact_parts(json.get("contacts") or [], f"{place}.json.contacts")),
        addresses=tuple(
            tuple(_address_parts(one, f"{place}.json.address"))
            for one in (addresses if isinstance(addresses, list) else [addresses])
        ),
    )


def _contact_parts(told: Any, place: str) -> Iterator[Part]:
    for one in told if isinstance(told, list) else [told]:
        known = isinstance(one, dict) and isinstance(one.get("value"), str)
        if not known or text_of(one.get("contacts_types_id")) is None:
            raise ValidationError({place: ["A contact has contacts_types_id and, in value, a path."]})
        yield Part(kind=one["contacts_types_id"], path=one["value"])


def _address_parts(told: Any, place: str) -> Iterator[Part]:
    if not isinstance(told, dict) or not all(isinstance(path, str) for path in told.values()):
        raise ValidationError({place: [f"An address has paths under {', '.join(ADDRESS_FIELDS)}."]})
    for name, path in told.items():
        if name not in ADDRESS_FIELDS:
            raise ValidationError({f"{place}.{name}": [f"Choose one of {', '.join(ADDRESS_FIELDS)}."]})
        yield Part(kind=name, path=path)


def look_up(payload: Any, path: str) -> Any:
    """Give what stands at a path, which is first tried as a key; a number in it counts items of a list."""
    if isinstance(payload, Mapping) and path in payload:
        return payload[path]
    found = payload
    for part in (part.strip() for part in path.split(".")):
        if isinstance(found, Mapping):
            found = found.get(part)
        elif isinstance(found, list) and part.isascii() and part.isdigit() and len(part) < 9:
            found = found[int(part)] if int(part) < len(found) else None
        else:
            return None
    return found


def map_payload(payload: Mapping[str, Any], template: Template, *, skip: Collection[str] = ()) -> Draft:
    """Make a draft of a payload.

    :param skip: keys at the top of the payload that are not kept where no entry reads them.
    :raises ValidationError: keyed by the path in the payload, if a pattern cannot be matched against it.
    """
    draft = Draft(member_id=member_of(payload))
    deadline = Deadline.starting_now()
    organization: str | None = None
    for entry in template.entries:
        value = _value(payload, entry, deadline)
        if value is None:
            continue
        if entry.type == "customField":
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
    for key, value in payload.items():
        used = key in ORGANIZATION_KEYS and (value in (None, "") or text_of(value) == organization)
        if key not in template.names and key not in skip and not used:
            draft.custom_fields.setdefault(key, value)
    return draft


def _value(payload: Mapping[str, Any], entry: Entry, deadline: Deadline) -> str | None:
    value = text_of(look_up(payload, entry.path)) or entry.default
    if entry.pattern is None or value is None:
        return value
    try:
        return text_of(taken_by(entry.pattern, value, deadline))
    except ValueError as wrong:
        raise ValidationError({entry.path: [str(wrong)]}) from wrong
    except SlowPattern as slow:
        raise ValidationError({entry.path: ["The pattern took too long on this value."]}) from slow


def _put(draft: Draft, name: str, value: str) -> None:
    if name == "email":
        draft.add_contact(EMAIL_TYPE, value)
    elif name == "phone":
        draft.add_contact(PHONE_TYPE, value)
    elif name in ("firstname", "lastname", "title", "description"):
        setattr(draft, name, getattr(draft, name) or value)
    else:
        draft.custom_fields.setdefault(name, value)


def _joined(payload: Mapping[str, Any], paths: str | None) -> str | None:
    """Give the value of a path, or those of several paths with spaces between them."""
    if paths is None:
        return None
    whole = text_of(look_up(payload, paths))
    if whole is not None:
        return whole
    texts = [text_of(look_up(payload, path)) for path in paths.split()]
    return " ".join(text for text in texts if text) or None


def _set_people(draft: Draft, people: People, payload: Mapping[str, Any]) -> None:
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
        addresses = [
            {part.kind: value for part in parts if (value := _joined(payload, part.path))}
            for parts in people.addresses
        ]
        draft.addresses = [address for address in addresses if address]
