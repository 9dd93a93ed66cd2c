"""Exports of records to files, as jobs."""

from collections.abc import Sequence

import graphene
from django.urls import reverse
from graphene_django import DjangoObjectType
from graphql import GraphQLResolveInfo

from crm import models
from crm.actors import Action
from crm.exporting.formats import ExportFormat
from crm.exporting.jobs import start_export
from crm.graphql.core.arguments import choice_enum
from crm.graphql.core.fields import Attribute, Derived
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.permissions import Guarded, actor_of
from crm.graphql.core.prefetch import refetch
from crm.graphql.core.scalars import JSON
from crm.graphql.core.single import read_one
from crm.models.exports import ExportStatus as Status

ExportModel = choice_enum("ExportModel", models.ExportKind.values, "What can be exported.")
ExportStatus = choice_enum("ExportStatus", Status.values, "The state of an export.")
ExportFormatEnum = choice_enum(
    "ExportFormat",
    [each.value for each in ExportFormat],
    "How an export is written.",
    {
        "CSV": "A table of texts, safe to open in a spreadsheet.",
        "XLSX": "A workbook of one sheet, whose cells are texts.",
        "JSONL": "One JSON object a line, without its empty cells.",
    },
)


def _url(job: models.ExportJob) -> str | None:
    return reverse("export", args=[job.uuid]) if job.stored else None


class ExportJob(DjangoObjectType):
    """One export: what was asked for, and the file that it made."""

    class Meta:
        model = models.ExportJob
        fields = ("uuid", "rows", "created_at", "finished_at")

    model = Attribute(ExportModel, "model", required=True)
    status = Attribute(ExportStatus, "status", required=True)
    format = Attribute(ExportFormatEnum, "format", required=True)
    error = Attribute(graphene.String, "error", description="Why the export failed.")
    notes = Attribute(
        graphene.List(graphene.NonNull(graphene.String)),
        "notes",
        required=True,
        description="What the file does not hold.",
    )
    size = Attribute(graphene.Float, "size", required=True, description="Bytes of the file.")
    url = Derived(
        graphene.String,
        ("uuid", "stored"),
        _url,
        description="Where the file is downloaded, by those who may export; null until it is made.",
    )


class ExportQuery(graphene.ObjectType):
    export_job = Guarded(
        ExportJob,
        uuid=graphene.ID(required=True),
        permission=Action.EXPORT,
        description="An export of the company, for those who may export.",
    )

    @staticmethod
    def resolve_export_job(_root: object, info: GraphQLResolveInfo, *, uuid: str) -> object:
        return read_one(info, ExportJob, uuid, argument="uuid")


class ExportMutation(graphene.ObjectType):
    export_file = MutationField(
        ExportJob,
        permission=Action.EXPORT,
        model=graphene.Argument(ExportModel, required=True),
        where=graphene.Argument(JSON, description="Conditions as the list of the model takes them."),
        columns=graphene.Argument(
            graphene.List(graphene.NonNull(graphene.String)),
            description="Columns in this order, named as imports name them; all without it.",
        ),
        format=graphene.Argument(ExportFormatEnum, required=True, default_value=ExportFormatEnum.CSV),
        description="Write the records that the caller sees to a file. A long export is made by"
        " manage.py work; exportJob says when it is there.",
    )

    @staticmethod
    def resolve_export_file(
        _root: object,
        info: GraphQLResolveInfo,
        *,
        model: str,
        format: str,
        where: object = None,
        columns: Sequence[str] | None = None,
    ) -> models.ExportJob | None:
        job = start_export(
            model,
            actor=actor_of(info),
            where=where,
            columns=columns or (),
            file_format=ExportFormat(format),
        )
        stored: models.ExportJob | None = refetch(info, ExportJob, job)
        return stored
