"""Files: kept for later, put on records and taken off them, and listed."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import graphene
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from graphql import GraphQLResolveInfo

from crm import models
from crm.actors import Action, Actor
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.permissions import actor_of
from crm.graphql.core.prefetch import refetch
from crm.graphql.core.scalars import Mixed
from crm.graphql.core.upload import Upload
from crm.graphql.inputs import EntityType, FilesystemAttachInput
from crm.graphql.lists.columns import ListFilterSet, TextColumn, UuidColumn
from crm.graphql.lists.paginator import list_field
from crm.graphql.types import Filesystem
from crm.services import record_files
from crm.services.files import store_file, store_files
from crm.services.nesting import within
from crm.services.records import UPDATES
from leads.graphql.types import Lead
from leads.models.lead import LeadFile
from people.graphql.types import Organization, People

MAY = Action.CHANGE_FILES


class FileFilterSet(ListFilterSet):
    """Columns of the files of a record, whatever its kind."""

    order_columns = {"id": "file_id", "created_at": "created_at", "name": "file__name"}

    uuid = UuidColumn("file__uuid")
    field_name = TextColumn("field_name")
    name = TextColumn("file__name")
    type = TextColumn("file__type")

    class Meta:
        model = LeadFile
        fields: list[str] = []


def _files_of(actor: Actor, *, entity_type: Any, entity_id: str) -> QuerySet[Any]:
    model, _update = UPDATES[entity_type.value]
    record = model.objects.find(actor, entity_id, argument="entity_id")
    links = record.file_links
    # Not the links of the record itself: with each, Django would ask for the column that leads back to it.
    files: QuerySet[Any] = links.model.objects.visible_to(actor).filter(**{links.field.name: record})
    return files


@dataclass(frozen=True)
class _Unattached:
    """A file that is on no record yet, in the shape of one that is."""

    file: models.Filesystem
    field_name: str | None = None

    @property
    def file_id(self) -> int:
        return self.file.pk

    @property
    def created_at(self) -> datetime:
        return self.file.created_at


class FileQuery(graphene.ObjectType):
    """What can be asked of files."""

    entity_files = list_field(
        "entityFiles",
        Filesystem,
        FileFilterSet,
        source=_files_of,
        entity_type=EntityType(required=True),
        entity_id=graphene.ID(required=True),
    )


def _several(required: bool = True) -> graphene.Argument:
    return graphene.Argument(graphene.List(graphene.NonNull(Upload)), required=required)


def _put_one(type_: Any, name: str) -> MutationField:
    return MutationField(
        type_,
        name=name,
        permission=MAY,
        id=graphene.ID(required=True),
        file=Upload(required=True),
        params=Mixed(),
    )


def _put_several(type_: Any, name: str) -> MutationField:
    return MutationField(
        type_, name=name, permission=MAY, id=graphene.ID(required=True), files=_several(), params=Mixed()
    )


class FileMutation(graphene.ObjectType):
    """What can be done with files."""

    upload = MutationField(Filesystem, name="upload", permission=MAY, file=Upload(required=True))
    multi_upload = MutationField(
        graphene.List(graphene.NonNull(Filesystem)), name="multiUpload", permission=MAY, files=_several()
    )
    attach_file = MutationField(
        graphene.String,
        name="attachFile",
        permission=MAY,
        prefix="input",
        input=graphene.Argument(FilesystemAttachInput, required=True),
        description="Answers the uuid of the file.",
    )
    de_attach_file = MutationField(
        graphene.Boolean,
        name="deAttachFile",
        permission=MAY,
        uuid=graphene.String(required=True),
        entity_type=EntityType(),
        entity_id=graphene.ID(),
        description="Without a record: off all that the caller sees. False if the file was on none.",
    )
    de_attach_files = MutationField(
        graphene.Boolean,
        name="deAttachFiles",
        permission=MAY,
        uuids=graphene.Argument(graphene.List(graphene.NonNull(graphene.String)), required=True),
        entity_type=EntityType(),
        entity_id=graphene.ID(),
        description="Without a record: off all that the caller sees. False if no file was on one.",
    )
    attach_file_to_people = _put_one(People, "attachFileToPeople")
    attach_files_to_people = _put_several(People, "attachFilesToPeople")
    attach_file_to_organization = _put_one(Organization, "attachFileToOrganization")
    attach_files_to_organization = _put_several(Organization, "attachFilesToOrganization")
    attach_file_to_lead = _put_one(Lead, "attachFileToLead")
    attach_files_to_lead = MutationField(
        Lead,
        name="attachFilesToLead",
        permission=MAY,
        id=graphene.ID(required=True),
        file=_several(required=False),
        files=_several(required=False),
        params=Mixed(),
    )

    @staticmethod
    def resolve_upload(_root: Any, info: GraphQLResolveInfo, *, file: Any) -> Any:
        with within("file"):
            return _Unattached(store_file(file, actor=actor_of(info)))

    @staticmethod
    def resolve_multi_upload(_root: Any, info: GraphQLResolveInfo, *, files: list[Any]) -> Any:
        return [_Unattached(row) for row in store_files(files, actor=actor_of(info))]

    @staticmethod
    def resolve_attach_file(_root: Any, info: GraphQLResolveInfo, *, input: Any) -> str:
        row = record_files.attach_stored(
            input["filesystem_uuid"],
            input["entity_type"],
            input["entity_id"],
            field_name=input.get("field_name"),
            actor=actor_of(info),
        )
        return str(row.uuid)

    @staticmethod
    def resolve_de_attach_file(_root: Any, info: GraphQLResolveInfo, *, uuid: str, **record: Any) -> bool:
        return _detach(info, {"uuid": uuid}, record)

    @staticmethod
    def resolve_de_attach_files(
        _root: Any, info: GraphQLResolveInfo, *, uuids: list[str], **record: Any
    ) -> bool:
        return _detach(info, {f"uuids.{index}": uuid for index, uuid in enumerate(uuids)}, record)

    @staticmethod
    def resolve_attach_file_to_people(_root: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        return _put(info, People, "PEOPLE", **arguments)

    @staticmethod
    def resolve_attach_files_to_people(_root: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        return _put(info, People, "PEOPLE", **arguments)

    @staticmethod
    def resolve_attach_file_to_organization(_root: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        return _put(info, Organization, "ORGANIZATION", **arguments)

    @staticmethod
    def resolve_attach_files_to_organization(_root: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        return _put(info, Organization, "ORGANIZATION", **arguments)

    @staticmethod
    def resolve_attach_file_to_lead(_root: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        return _put(info, Lead, "LEAD", **arguments)

    @staticmethod
    def resolve_attach_files_to_lead(_root: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        return _put(info, Lead, "LEAD", **arguments)


def _put(
    info: GraphQLResolveInfo,
    type_: Any,
    kind: str,
    *,
    id: str,
    file: Any = None,
    files: Sequence[Any] | None = None,
    params: Any = None,
) -> Any:
    """Put uploads on a record; clients spell the argument of several in both ways."""
    uploads: dict[str, Any] = {}
    for name, given in (("file", file), ("files", files)):
        if isinstance(given, list):
            uploads |= {f"{name}.{index}": upload for index, upload in enumerate(given)}
        elif given is not None:
            uploads[name] = given
    if not uploads:
        raise ValidationError({"files": ["Send at least one file."]})
    with _named(list(uploads)):
        record = record_files.attach_uploads(kind, id, list(uploads.values()), params, actor=actor_of(info))
    return refetch(info, type_, record)


@contextmanager
def _named(paths: Sequence[str]) -> Iterator[None]:
    """Give the refusals of files the paths that the files have among the arguments."""
    known = {f"files.{index}.file": path for index, path in enumerate(paths)}
    try:
        yield
    except ValidationError as refused:
        messages = refused.message_dict
        raise ValidationError({known.get(key, key): messages[key] for key in messages}) from refused


def _detach(info: GraphQLResolveInfo, keys: Mapping[str, object], record: Mapping[str, Any]) -> bool:
    return record_files.detach_files(
        keys, record.get("entity_type"), record.get("entity_id"), actor=actor_of(info)
    )
