"""Import jobs of records of any kind, the rows that they refused, and the import of a file."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import graphene
from django.core.files.base import File
from graphene_django import DjangoObjectType
from graphql import GraphQLResolveInfo

from crm import models
from crm.actors import Action
from crm.graphql.core.fields import Attribute, Derived, Related
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
from crm.importing import undo
from crm.importing.uploads import start_file_job

ImportStatus = graphene.Enum("ImportStatus", [(value, value) for value in models.ImportStatus.values])
ROW_ACTIONS = {
    "CREATE": "A record is made.",
    "UPDATE": "A known record is changed.",
    "UNCHANGED": "The known record has all of it already.",
    "SKIP": "Left out, or the record is known and stays as it is.",
    "REJECT": "The row breaks a rule.",
    "CONFLICT": "The row may mean another record, or its record was changed since the plan.",
}
ImportRowAction = graphene.Enum.from_enum(
    models.RowAction,
    name="ImportRowAction",
    description=lambda value: "What an import did with a row." if value is None else ROW_ACTIONS[value.value],
)
ImportDuplicatePolicy = graphene.Enum.from_enum(models.DuplicatePolicy, name="ImportDuplicatePolicy")

SPLIT_PHONES = "Part a text with several phone numbers into several contacts; otherwise the row is refused."


class ImportRowError(DjangoObjectType):
    """Why one row of an import was refused."""

    class Meta:
        model = models.ImportRowError
        fields = ("row", "field", "code", "message")


class ImportRow(DjangoObjectType):
    """The result of one row of an import; of a dry run, the result that it would have."""

    class Meta:
        model = models.ImportRow
        fields = ()

    row = Attribute(graphene.Int, "number", required=True, description="Line of the file, or position.")
    action = Attribute(ImportRowAction, "action", required=True, description="What was done with it.")
    key = Attribute(graphene.String, "key", required=True, description="By what a known record was found.")
    record_id = Attribute(graphene.ID, "object_id", description="The record that was made, changed or found.")
    of_row = Attribute(
        graphene.Int, "of_row", description="In a dry run: the row that would make the record that is meant."
    )
    version = Attribute(graphene.Int, "version", description="That of the record after the row.")
    changes = Attribute(
        JSON, "changes", required=True, description="Changed fields, each with its value before and after."
    )
    code = Attribute(graphene.String, "code", required=True, description="Why it was refused or left out.")
    message = Attribute(graphene.String, "message", required=True, description="The reason in words.")
    undo = Attribute(
        graphene.String,
        "undo",
        required=True,
        description="UNDONE, KEPT, or empty while nobody undid the import.",
    )
    undo_message = Attribute(
        graphene.String, "undo_message", required=True, description="Why the record was kept, who changed it."
    )


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
    undo = Attribute(
        graphene.String,
        "undo",
        required=True,
        description="WAITING, DONE or FAILED once somebody undoes the import; empty before.",
    )
    unchanged = Attribute(
        graphene.Int,
        "unchanged",
        required=True,
        description="Those of the skipped rows that had nothing new to say.",
    )
    conflicts = Attribute(
        graphene.Int,
        "conflicts",
        required=True,
        description="Those of the failed rows that may mean another record, or one changed since the plan.",
    )
    rows = RelatedList(
        ImportRow,
        "rows",
        ordering=("number",),
        first=100,
        required=True,
        description="The ledger: an entry for each row. Only for members who may import.",
    )
    rejects_url = Derived(
        graphene.String,
        ("uuid", "rejects"),
        lambda job: job.rejects_address,
        description="Where the refused rows are as a file, which can be imported once it is corrected.",
    )
    user = Related(User, "user")


class ImportUndo(graphene.ObjectType):
    """The result of undoing an import; of a dry run, the result that it would have."""

    dry_run = graphene.Boolean(required=True, description="Whether nothing was changed.")
    state = graphene.String(
        required=True,
        description="WAITING for the background work, DONE, FAILED; empty for a dry run.",
    )
    undone = graphene.Int(
        required=True, description="Rows whose record was deleted, or has its old values again."
    )
    kept = graphene.Int(
        required=True, description="Rows whose record somebody changed since; importJob lists them in rows."
    )


class ImportJobFilterSet(ListFilterSet):
    row_model = models.ImportJob
    order_columns = {name: name for name in ("id", "created_at")}

    id = IdColumn("id")
    uuid = UuidColumn("uuid")
    model = ChoiceColumn("model", words=models.ImportKind.values)
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
        mapping_name=graphene.String(
            description="Name of a saved mapping; what the other arguments say comes before it."
        ),
        on_duplicate=graphene.Argument(
            ImportDuplicatePolicy, required=True, default_value=models.DuplicatePolicy.UPDATE
        ),
        dry_run=graphene.Boolean(required=True, default_value=False),
        encoding=graphene.String(description="Of a text that is neither UTF-8 nor marked as UTF-16."),
        reading=graphene.Argument(ImportReadingInput),
        split_phones=graphene.Boolean(required=True, default_value=False, description=SPLIT_PHONES),
        plan=graphene.ID(
            description="UUID of a dry run of the same file: the import does exactly what that said, and"
            " refuses rows whose record was changed since."
        ),
    )

    undo_import = MutationField(
        ImportUndo,
        permission=Action.IMPORT,
        id=graphene.Argument(graphene.ID, required=True, description="Id or UUID of the import job."),
        dry_run=graphene.Boolean(
            required=True, default_value=False, description="Say what would be undone, and change nothing."
        ),
        description="Deletes what an import made, and restores what it changed, where nobody changed it"
        " since. An import of more than 200 rows is undone in the background.",
    )

    @staticmethod
    def resolve_undo_import(_root: object, info: GraphQLResolveInfo, *, id: str, dry_run: bool) -> ImportUndo:
        actor = actor_of(info)
        job = models.ImportJob.objects.find(actor, id)
        if dry_run:
            undo.check_undoable(job, actor=actor)
            kept = Counter(bool(why) for _, why in undo.plan_undo(job, actor=actor))
            return ImportUndo(dry_run=True, state="", undone=kept[False], kept=kept[True])
        job = undo.start_undo(job, actor=actor)
        done = undo.undone_rows(job)
        return ImportUndo(dry_run=False, state=job.undo, undone=done.undone, kept=done.kept)

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
        mapping_name: str | None = None,
        encoding: str | None = None,
        reading: Mapping[str, Any] | None = None,
        split_phones: bool = False,
        plan: str | None = None,
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
            plan=plan,
            mapping_name=mapping_name,
        )
        stored: models.ImportJob | None = refetch(info, ImportJob, job)
        return stored
