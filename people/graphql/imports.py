"""The import of people that are given as inputs of the API."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import graphene
from django.core.exceptions import ValidationError
from django.core.files.base import File
from graphql import GraphQLResolveInfo

from crm import models
from crm.actors import Action
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.permissions import actor_of
from crm.graphql.imports import SPLIT_PHONES, ImportDuplicatePolicy
from crm.importing.jobs import start_job
from crm.services import saving
from people.graphql.inputs import PeopleInput


class PeopleImportMutation(graphene.ObjectType):
    """The import of people."""

    import_peoples = MutationField(
        graphene.String,
        permission=Action.IMPORT,
        input=graphene.Argument(graphene.List(graphene.NonNull(PeopleInput)), required=True),
        company_id=graphene.Int(name="companyId"),
        on_duplicate=graphene.Argument(
            ImportDuplicatePolicy, required=True, default_value=models.DuplicatePolicy.UPDATE
        ),
        dry_run=graphene.Boolean(required=True, default_value=False),
        split_phones=graphene.Boolean(required=True, default_value=False, description=SPLIT_PHONES),
        description="Answers the uuid of an import job; see importJob.",
    )

    @staticmethod
    def resolve_import_peoples(
        _root: object,
        info: GraphQLResolveInfo,
        *,
        input: Sequence[Mapping[str, object]],
        on_duplicate: str,
        dry_run: bool,
        split_phones: bool = False,
        company_id: int | None = None,
    ) -> str:
        actor = actor_of(info)
        saving.check_current_company(company_id, actor, argument="companyId")
        job = start_job(
            models.EntityKind.PEOPLE,
            [_as_json(row) for row in input],
            actor=actor,
            on_duplicate=models.DuplicatePolicy(on_duplicate),
            dry_run=dry_run,
            split_phones=split_phones,
        )
        return str(job.uuid)


def _as_json(value: Any) -> Any:
    """Return a coerced input as plain JSON, since a job keeps its rows in a JSON column."""
    if isinstance(value, File):
        raise ValidationError({"input": ["An import takes no files; attach them to the people it made."]})
    if isinstance(value, dict):
        return {name: _as_json(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_as_json(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value
