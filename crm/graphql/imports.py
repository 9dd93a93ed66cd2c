"""Import jobs of records of any kind, the rows that they refused, and the import of a file."""

from collections.abc import Mapping
from typing import Any

import graphene
from django.core.files.base import File
from graphene_django import DjangoObjectType
from graphql import GraphQLResolveInfo

from crm import models
from crm.actors import Action
from crm.graphql.core.fields import Attribute, Related
from crm.graphql.core.list_fields import RelatedList
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.permissions import Guarded, actor_of
from crm.graphql.core.prefetch import refetch
from crm.graphql.core.scalars import JSON
from crm.graphql.core.single import read_one
from crm.graphql.core.upload import Upload
from crm.graphql.import_reading import ImportReadingInput, reading_options
from crm.graphql.inputs import EntityType
from crm.graphql.lists.columns import ChoiceColumn, DateTimeColumn, IdColumn, ListFilterSet, UuidColumn
from crm.graphql.lists.paginator import list_field
from crm.graphql.types import User
from crm.importing.uploads import start_file_job

ImportStatus = graphene.Enum("ImportStatus", [(value, value) for value in models.ImportStatus.values])
ImportDuplicatePolicy = graphene.Enum.from_enum(models.DuplicatePolicy, name="ImportDuplicatePolicy")

SPLIT_PHONES = "Part a text with several phone numbers into several contacts; otherwise the row is refused."


class ImportRowError(DjangoObjectType):
    """Why one row of an import was refused."""

    class Meta:
        model = models.ImportRowError
        fields = ("row", "field", "code", "message")


class ImportJob(DjangoObjectType):
    """One import: how far it is, and what came of it."""

    class Meta:
        model = models.ImportJob
        fields = (
            "id",
            "uuid",
            "dry_run",
            "filename",
            "total",
            "processed",
            "created",
            "updated",
            "skipped",
            "failed",
            "created_at",
            "finished_at",
        )

    model = Attribute(EntityType, "model", required=True)
    status = Attribute(ImportStatus, "status", required=True)
    error = Attribute(graphene.String, "error", description="Why the import as a whole failed.")
    errors = RelatedList(ImportRowError, "row_errors", ordering=("row",), first=100, required=True)
    user = Related(User, "user")


class ImportJobFilterSet(ListFilterSet):
    row_model = models.ImportJob
    order_columns = {name: name for name in ("id", "created_at")}

    id = IdColumn("id")
    uuid = UuidColumn("uuid")
    model = ChoiceColumn("model", words=models.EntityKind.values)
    status = ChoiceColumn("status", words=models.ImportStatus.values)
    created_at = DateTimeColumn("created_at")


class ImportQuery(graphene.ObjectType):
    import_job = Guarded(ImportJob, uuid=graphene.ID(required=True))
    imports = list_field("imports", ImportJob, ImportJobFilterSet)

    @staticmethod
    def resolve_import_job(_root: object, info: GraphQLResolveInfo, *, uuid: str) -> object:
        return read_one(info, ImportJob, uuid, argument="uuid")


class ImportMutation(graphene.ObjectType):
    import_file = MutationField(
        ImportJob,
        permission=Action.IMPORT,
        file=graphene.Argument(Upload, required=True),
        model=graphene.Argument(EntityType, required=True),
        mapping=graphene.Argument(JSON, description="Titles of columns to fields; null leaves a column out."),
        on_duplicate=graphene.Argument(
            ImportDuplicatePolicy, required=True, default_value=models.DuplicatePolicy.UPDATE
        ),
        dry_run=graphene.Boolean(required=True, default_value=False),
        encoding=graphene.String(description="Of a text that is neither UTF-8 nor marked as UTF-16."),
        reading=graphene.Argument(ImportReadingInput),
        split_phones=graphene.Boolean(required=True, default_value=False, description=SPLIT_PHONES),
    )

    @staticmethod
    def resolve_import_file(
        _root: object,
        info: GraphQLResolveInfo,
        *,
        file: File[bytes],
        model: str,
        on_duplicate: str,
        dry_run: bool,
        mapping: object = None,
        encoding: str | None = None,
        reading: Mapping[str, Any] | None = None,
        split_phones: bool = False,
    ) -> models.ImportJob | None:
        job = start_file_job(
            file,
            model,
            actor=actor_of(info),
            mapping=mapping,
            on_duplicate=models.DuplicatePolicy(on_duplicate),
            dry_run=dry_run,
            options=reading_options(encoding, reading),
            split_phones=split_phones,
        )
        stored: models.ImportJob | None = refetch(info, ImportJob, job)
        return stored
