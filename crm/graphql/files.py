"""Files: stored, listed by record, attached to records of any kind and detached from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import graphene
from django.core.files.base import File
from django.db.models import QuerySet
from graphql import GraphQLResolveInfo

from crm import models
from crm.actors import Action, Actor
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.permissions import actor_of
from crm.graphql.core.upload import Upload
from crm.graphql.inputs import EntityType, FilesystemAttachInput
from crm.graphql.lists.columns import ListFilterSet, TextColumn, UuidColumn
from crm.graphql.lists.paginator import list_field
from crm.graphql.types import Filesystem
from crm.models.files import FileLink
from crm.records.registry import find_record
from crm.services import record_files
from crm.services.files import store_file, store_files
from crm.services.nesting import within

MAY = Action.CHANGE_FILES


class FileFilterSet(ListFilterSet):
    # Any model that is a file link serves: these columns are those of the abstract model.
    row_model = models.MessageFile
    order_columns = {"id": "file_id", "created_at": "created_at", "name": "file__name"}

    uuid = UuidColumn("file__uuid")
    field_name = TextColumn("field_name")
    name = TextColumn("file__name")
    type = TextColumn("file__type")


def _files_of(actor: Actor, *, entity_type: str, entity_id: str) -> QuerySet[FileLink]:
    record = find_record(entity_type, entity_id, actor)
    links: type[FileLink] = record.file_links.model
    # Not record.file_links itself: Django would load the foreign key of the record with each link.
    files: QuerySet[FileLink] = links.objects.visible_to(actor)
    return files.filter(**{links.record_field().name: record})


@dataclass(frozen=True)
class _Unattached:
    """A file that is attached to no record yet, with the attributes of a link to one."""

    file: models.Filesystem
    field_name: str | None = None

    @property
    def file_id(self) -> int:
        return self.file.pk

    @property
    def created_at(self) -> datetime:
        return self.file.created_at


class FileQuery(graphene.ObjectType):
    entity_files = list_field(
        "entityFiles",
        Filesystem,
        FileFilterSet,
        source=_files_of,
        entity_type=EntityType(required=True),
        entity_id=graphene.ID(required=True),
    )


class FileMutation(graphene.ObjectType):
    """Mutations of files; ``attachments`` adds those that answer a record."""

    upload = MutationField(Filesystem, permission=MAY, file=Upload(required=True))
    multi_upload = MutationField(
        graphene.List(graphene.NonNull(Filesystem)),
        permission=MAY,
        files=graphene.List(graphene.NonNull(Upload), required=True),
    )
    attach_file = MutationField(
        graphene.String,
        permission=MAY,
        prefix="input",
        input=graphene.Argument(FilesystemAttachInput, required=True),
        description="Answers the uuid of the file.",
    )
    de_attach_file = MutationField(
        graphene.Boolean,
        permission=MAY,
        uuid=graphene.String(required=True),
        entity_type=EntityType(),
        entity_id=graphene.ID(),
        description="Without a record: off all that the caller sees. False if the file was on none.",
    )
    de_attach_files = MutationField(
        graphene.Boolean,
        permission=MAY,
        uuids=graphene.List(graphene.NonNull(graphene.String), required=True),
        entity_type=EntityType(),
        entity_id=graphene.ID(),
        description="Without a record: off all that the caller sees. False if no file was on one.",
    )

    @staticmethod
    def resolve_upload(_root: object, info: GraphQLResolveInfo, *, file: File[bytes]) -> _Unattached:
        with within("file"):
            return _Unattached(store_file(file, actor=actor_of(info)))

    @staticmethod
    def resolve_multi_upload(
        _root: object, info: GraphQLResolveInfo, *, files: list[File[bytes]]
    ) -> list[_Unattached]:
        return [_Unattached(row) for row in store_files(files, actor=actor_of(info))]

    @staticmethod
    def resolve_attach_file(_root: object, info: GraphQLResolveInfo, *, input: Mapping[str, str]) -> str:
        row = record_files.attach_stored(
            input["filesystem_uuid"],
            input["entity_type"],
            input["entity_id"],
            field_name=input.get("field_name"),
            actor=actor_of(info),
        )
        return str(row.uuid)

    @staticmethod
    def resolve_de_attach_file(
        _root: object,
        info: GraphQLResolveInfo,
        *,
        uuid: str,
        entity_type: str | None = None,
        entity_id: str | None = None,
    ) -> bool:
        return record_files.detach_files({"uuid": uuid}, entity_type, entity_id, actor=actor_of(info))

    @staticmethod
    def resolve_de_attach_files(
        _root: object,
        info: GraphQLResolveInfo,
        *,
        uuids: list[str],
        entity_type: str | None = None,
        entity_id: str | None = None,
    ) -> bool:
        keys = {f"uuids.{index}": uuid for index, uuid in enumerate(uuids)}
        return record_files.detach_files(keys, entity_type, entity_id, actor=actor_of(info))
