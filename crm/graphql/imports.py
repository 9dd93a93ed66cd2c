"""Imports of records of any kind: jobs, what they refused, and how they are started."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import graphene
from django.core.exceptions import ValidationError
from django.core.files.base import File
from graphene_django import DjangoObjectType
from graphql import GraphQLResolveInfo

from crm import models
from crm.actors import Action, Actor
from crm.graphql.core.fields import Attribute, BatchedList, Related
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.permissions import Guarded, actor_of
from crm.graphql.core.prefetch import refetch
from crm.graphql.core.scalars import JSON
from crm.graphql.core.single import read_one
from crm.graphql.core.upload import Upload
from crm.graphql.inputs import EntityType
from crm.graphql.lists.columns import ChoiceColumn, DateTimeColumn, IdColumn, ListFilterSet, UuidColumn
from crm.graphql.lists.pages import check_page
from crm.graphql.lists.paginator import list_field
from crm.graphql.types import User
from crm.importing.jobs import start_job
from crm.importing.uploads import start_file_job
from crm.services import saving
from people.graphql.inputs import PeopleInput

ImportStatus = graphene.Enum("ImportStatus", [(value, value) for value in models.ImportStatus.values])
ImportDuplicatePolicy = graphene.Enum.from_enum(models.DuplicatePolicy, name="ImportDuplicatePolicy")


class ImportRowError(DjangoObjectType):
    """Why one row of an import was refused."""

    class Meta:
        model = models.ImportRowError
        fields = ("row", "field", "code", "message")


def _refusals(rows: Sequence[Any], actor: Actor, *, first: int) -> Mapping[int, Sequence[int]]:
    check_page(first, None)
    refused = models.ImportRowError.objects.visible_to(actor)
    by_job: dict[int, list[int]] = defaultdict(list)
    for job, key in refused.first_of_each([row.pk for row in rows], first).values_list("job", "pk"):
        by_job[job].append(key)
    return by_job


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
    errors = BatchedList(
        ImportRowError,
        _refusals,
        first=graphene.Int(required=True, default_value=100),
    )
    user = Related(User, "user")


class ImportJobFilterSet(ListFilterSet):
    order_columns = {name: name for name in ("id", "created_at")}

    id = IdColumn("id")
    uuid = UuidColumn("uuid")
    model = ChoiceColumn("model", words=models.EntityKind.values)
    status = ChoiceColumn("status", words=models.ImportStatus.values)
    created_at = DateTimeColumn("created_at")

    class Meta:
        model = models.ImportJob
        fields: list[str] = []


class ImportQuery(graphene.ObjectType):
    """What can be asked of imports."""

    import_job = Guarded(ImportJob, name="importJob", uuid=graphene.ID(required=True))
    imports = list_field("imports", ImportJob, ImportJobFilterSet)

    @staticmethod
    def resolve_import_job(_root: Any, info: GraphQLResolveInfo, *, uuid: str) -> Any:
        return read_one(info, ImportJob, uuid, argument="uuid")


class ImportMutation(graphene.ObjectType):
    """How imports are started."""

    import_peoples = MutationField(
        graphene.String,
        name="importPeoples",
        permission=Action.IMPORT,
        input=graphene.Argument(graphene.List(graphene.NonNull(PeopleInput)), required=True),
        company_id=graphene.Int(name="companyId"),
        on_duplicate=graphene.Argument(
            ImportDuplicatePolicy, required=True, default_value=models.DuplicatePolicy.UPDATE
        ),
        dry_run=graphene.Boolean(required=True, default_value=False),
        description="Answers the uuid of an import job; see importJob.",
    )

    import_file = MutationField(
        ImportJob,
        name="importFile",
        permission=Action.IMPORT,
        file=graphene.Argument(Upload, required=True),
        model=graphene.Argument(EntityType, required=True),
        mapping=graphene.Argument(JSON, description="Titles of columns to fields; null leaves a column out."),
        on_duplicate=graphene.Argument(
            ImportDuplicatePolicy, required=True, default_value=models.DuplicatePolicy.UPDATE
        ),
        dry_run=graphene.Boolean(required=True, default_value=False),
        encoding=graphene.String(description="Of a CSV file that is neither UTF-8 nor UTF-16."),
    )

    @staticmethod
    def resolve_import_file(
        _root: Any,
        info: GraphQLResolveInfo,
        *,
        file: Any,
        model: str,
        on_duplicate: str,
        dry_run: bool,
        mapping: Any = None,
        encoding: str | None = None,
    ) -> Any:
        job = start_file_job(
            file,
            model,
            actor=actor_of(info),
            mapping=mapping,
            on_duplicate=models.DuplicatePolicy(on_duplicate),
            dry_run=dry_run,
            encoding=encoding,
        )
        return refetch(info, ImportJob, job)

    @staticmethod
    def resolve_import_peoples(
        _root: Any,
        info: GraphQLResolveInfo,
        *,
        input: list[Any],
        on_duplicate: str,
        dry_run: bool,
        company_id: int | None = None,
    ) -> str:
        actor = actor_of(info)
        saving.check_current_company(company_id, actor, argument="companyId")
        job = start_job(
            models.EntityKind.PEOPLE,
            [in_json(row) for row in input],
            actor=actor,
            on_duplicate=models.DuplicatePolicy(on_duplicate),
            dry_run=dry_run,
        )
        return str(job.uuid)


def in_json(value: Any) -> Any:
    """Give a coerced input in plain JSON, as an import job keeps it.

    :raises ValidationError: if it holds a file, which no job keeps.
    """
    if isinstance(value, File):
        raise ValidationError({"input": ["An import takes no files; attach them to the people it made."]})
    if isinstance(value, dict):
        return {name: in_json(item) for name, item in value.items()}
    if isinstance(value, list):
        return [in_json(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value
