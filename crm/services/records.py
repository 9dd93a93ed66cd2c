"""Tags and custom fields of a record of any kind."""

from collections.abc import Mapping
from typing import TypedDict

from django.core.exceptions import ValidationError
from django.db import transaction

from crm.actors import Actor
from crm.errors import NotFound
from crm.models import Activity, SocialChannel, Tag
from crm.models.records import Record
from crm.records.registry import find_record, record_kind
from crm.services import locking, nesting
from crm.services.tags import TagValues


class RecordReference(TypedDict, total=False):
    """A record of any kind in an input: the name of its kind in ``EntityKind``, and its key."""

    entity_type: str | None
    entity_id: object


def required_record(values: RecordReference, actor: Actor) -> Record:
    """Return the record that an input names."""
    record = named_record(values, actor)
    if record is None:
        raise ValidationError({"entity_id": ["Give type and id of a record."]})
    return record


def named_record(values: RecordReference, actor: Actor) -> Record | None:
    """Return the record that an input names, or None."""
    kind, key = values.get("entity_type"), values.get("entity_id")
    if kind is None and key is None:
        return None
    if kind is None or key is None:
        raise ValidationError({"entity_id": ["Give both type and id of a record."]})
    return find_record(kind, key, actor)


def check_same_record(row: Activity | SocialChannel, values: RecordReference, actor: Actor) -> None:
    """Refuse an input that would move a row to another record."""
    record = named_record(values, actor)
    if record is not None and record != row.entity:
        raise ValidationError({"entity_id": ["This cannot be moved to another record."]})


def update_record(kind: str, key: object, values: Mapping[str, object], *, actor: Actor) -> Record:
    """Change a record through the service of its kind.

    :raises NotFound: keyed ``entity_id``, if the record does not exist for the actor.
    """
    try:
        return record_kind(kind).update(key, values, actor=actor)
    except NotFound as missing:
        # The service says "id", but these inputs hold the key of the record in "entity_id".
        raise NotFound("entity_id") from missing


@transaction.atomic
def attach_tag(tag_key: object, kind: str, key: object, *, actor: Actor) -> None:
    """Add a tag to a record; a tag that is on it already stays."""
    record, tag, others = _record_and_tags(tag_key, kind, key, actor)
    with nesting.renamed({"tags": "tag_id"}):
        update_record(kind, record.pk, {"tags": [_values(each) for each in (*others, tag)]}, actor=actor)


@transaction.atomic
def detach_tag(tag_key: object, kind: str, key: object, *, actor: Actor) -> None:
    """Remove a tag from a record; a tag that is not on it changes nothing."""
    record, _tag, others = _record_and_tags(tag_key, kind, key, actor)
    update_record(kind, record.pk, {"tags": [_values(each) for each in others]}, actor=actor)


def _record_and_tags(tag_key: object, kind: str, key: object, actor: Actor) -> tuple[Record, Tag, list[Tag]]:
    """Return the locked record, the tag, and the other tags of the record."""
    # Locked before its tags are read: a tag that somebody else adds meanwhile would get lost.
    record = locking.lock(record_kind(kind).model, actor, key, argument="entity_id")
    tag = Tag.objects.find(actor, tag_key, argument="tag_id")
    return record, tag, [other for other in record.tags.all() if other.pk != tag.pk]


def _values(tag: Tag) -> TagValues:
    return {"name": tag.name, "tag": tag}


def set_custom_field(name: str, value: object, kind: str, key: object, *, actor: Actor) -> None:
    """Set one custom field of a record; None removes it.

    :raises ValidationError: if the name is empty or too long, or the value does not fit its definition.
    """
    # The service names the first of a list of fields; this input is that field itself.
    paths = {
        "custom_fields.0.name": "name",
        "custom_fields.0.value": "value",
        "custom_fields": "name",
    }
    with nesting.renamed(paths):
        update_record(kind, key, {"custom_fields": [{"name": name, "value": value}]}, actor=actor)
