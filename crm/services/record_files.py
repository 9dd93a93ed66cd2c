"""Files of a record of any kind."""

from collections.abc import Mapping, Sequence

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import transaction

from crm.actors import Action, Actor
from crm.models import Filesystem
from crm.models.records import Record
from crm.records.registry import record_kind, record_kinds
from crm.services import locking
from crm.services.file_links import FileValues
from crm.services.records import named_record, update_record


def attach_uploads(
    kind: str, key: object, uploads: Sequence[File[bytes]], params: object, *, actor: Actor
) -> Record:
    """Store uploads, attach them to a record and return the record.

    :param params: None or a mapping: ``field_name`` becomes the field of the record, the rest the attributes
        of each file.
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
    return record_kind(kind).update(key, {"files": files}, actor=actor)


@transaction.atomic
def attach_stored(
    file_key: object, kind: str, key: object, *, field_name: str | None, actor: Actor
) -> Filesystem:
    """Attach a stored file to a record; a file that is on it already stays."""
    actor.require(Action.CHANGE_FILES)
    row = locking.lock(Filesystem, actor, file_key, argument="filesystem_uuid")
    values: FileValues = {"row": row, "field_name": field_name}
    update_record(kind, key, {"files": [values]}, actor=actor)
    return row


@transaction.atomic
def detach_files(
    file_keys: Mapping[str, object], kind: str | None = None, key: object = None, *, actor: Actor
) -> bool:
    """Detach files from one record, or from all that the actor sees; return whether any was attached.

    :param file_keys: each key by the path of the input that holds it.
    """
    actor.require(Action.CHANGE_FILES)
    record = named_record({"entity_type": kind, "entity_id": key}, actor)
    files = {Filesystem.objects.find(actor, given, argument=path).pk for path, given in file_keys.items()}
    found = False
    # In this order everything that locks records of several kinds locks them.
    for each in record_kinds() if record is None else [record_kind(record.entity_kind)]:
        records = each.model.objects.visible_to(actor).filter(file_links__file__in=files)
        if record is not None:
            records = records.filter(pk=record.pk)
        for record_key in records.order_by("pk").values_list("pk", flat=True).distinct():
            found = True
            update_record(each.name, record_key, {"detached_files": files}, actor=actor)
    return found
