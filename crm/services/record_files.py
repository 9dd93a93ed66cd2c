"""Files of a record of any kind: lead, person or organization."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import transaction

from crm.actors import Action, Actor
from crm.errors import NotFound
from crm.models import Filesystem
from crm.services import locking
from crm.services.file_links import FileValues
from crm.services.records import UPDATES

#: In the order in which all that locks several records locks them.
KINDS = ("PEOPLE", "ORGANIZATION", "LEAD")


def attach_uploads(
    entity_type: str, key: object, uploads: Sequence[File[bytes]], params: Any, *, actor: Actor
) -> Any:
    """Store files and put them on a record; give the record.

    :param params: None, or an object: ``field_name`` is what they stand under, all else is kept with them.
    :raises NotFound: if the record does not exist for the actor.
    :raises ValidationError: keyed ``files.N.file``, if a file is refused.
    """
    if not isinstance(params, Mapping | None):
        raise ValidationError({"params": ["Give an object, or nothing."]})
    attributes = dict(params or {})
    field_name = attributes.pop("field_name", None)
    if not isinstance(field_name, str | None):
        raise ValidationError({"params.field_name": ["Give a text."]})
    files: list[FileValues] = [
        {"file": upload, "field_name": field_name, "attributes": attributes or None} for upload in uploads
    ]
    _model, update = UPDATES[entity_type]
    return update(key, {"files": files}, actor=actor)


@transaction.atomic
def attach_stored(
    file_key: object, entity_type: str, entity_key: object, *, field_name: str | None, actor: Actor
) -> Filesystem:
    """Put a file that is stored already on a record; one that is there already stays.

    :raises NotFound: if file or record does not exist for the actor.
    """
    actor.require(Action.CHANGE_FILES)
    row = locking.lock(Filesystem, actor, file_key, argument="filesystem_uuid")
    values: FileValues = {"row": row, "field_name": field_name}
    _update(entity_type, entity_key, {"files": [values]}, actor)
    return row


@transaction.atomic
def detach_files(
    file_keys: Mapping[str, object],
    entity_type: str | None = None,
    entity_key: object = None,
    *,
    actor: Actor,
) -> bool:
    """Take files off a record, or off all records that the actor sees; tell whether any was on one.

    :param file_keys: by the path of the input that holds each.
    :raises NotFound: if a file or the record does not exist for the actor.
    """
    actor.require(Action.CHANGE_FILES)
    if (entity_type is None) != (entity_key is None):
        raise ValidationError({"entity_id": ["Give type and id of a record, or neither."]})
    keys = {Filesystem.objects.find(actor, key, argument=argument).pk for argument, key in file_keys.items()}
    found = False
    for kind in KINDS if entity_type is None else [entity_type]:
        model, _update_record = UPDATES[kind]
        tied = model.objects.visible_to(actor).filter(file_links__file__in=keys)
        if entity_key is not None:
            tied = tied.filter(pk=model.objects.find(actor, entity_key, argument="entity_id").pk)
        for record_key in tied.order_by("pk").values_list("pk", flat=True).distinct():
            found = True
            _update(kind, record_key, {"detached_files": keys}, actor)
    return found


def _update(entity_type: str, key: object, values: dict[str, Any], actor: Actor) -> None:
    _model, update = UPDATES[entity_type]
    try:
        update(key, values, actor=actor)
    except NotFound as missing:
        # The record is the input's "entity_id" here.
        raise NotFound("entity_id") from missing
