"""Merges of people and organizations: preview, merge, list, undo."""

import graphene
from django.db import transaction
from graphene_django import DjangoObjectType
from graphql import GraphQLResolveInfo

from crm.actors import Action
from crm.errors import NotFound
from crm.graphql.core.fields import Attribute, Related, RowType
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.mutations import row_mutation
from crm.graphql.core.permissions import Guarded, actor_of
from crm.graphql.core.prefetch import refetch
from crm.graphql.core.scalars import Mixed
from crm.graphql.core.single import read_one
from crm.graphql.inputs import EntityType
from crm.graphql.lists.columns import DateTimeColumn, IdColumn, ListFilterSet, TextColumn, UuidColumn
from crm.graphql.lists.paginator import list_field
from crm.graphql.types import User
from crm.services.history import plain
from people import models
from people.graphql.types import Organization, People
from people.services.merge_preview import preview_merge
from people.services.merging import merge
from people.services.unmerging import undo_merge


class Merge(DjangoObjectType):
    """Records that were merged into one, by whom, and whether that was undone."""

    class Meta:
        model = models.Merge
        fields = ("id", "uuid", "door", "created_at", "undone_at")

    model = Attribute(EntityType, "model", required=True)
    winner_id = Attribute(graphene.ID, "winner_id", required=True)
    # A JSON list, not a relation: an undone merge keeps its ids.
    losers_id = Attribute(graphene.List(graphene.NonNull(graphene.ID)), "losers", required=True)
    user = Related(User, "user")
    undone_by = Related(User, "undone_by")


class MergeField(graphene.ObjectType):
    """One field of a merge: what the winner has, what the others have, and the outcome."""

    field = graphene.String(required=True)
    # plain: values of columns such as dates are not JSON.
    winner = Mixed(resolver=lambda row, _info: plain(row.winner))
    duplicates = graphene.List(
        Mixed, required=True, resolver=lambda row, _info: [plain(value) for value in row.duplicates]
    )
    outcome = Mixed(resolver=lambda row, _info: plain(row.outcome))


class MergeMove(graphene.ObjectType):
    """Rows of one relation: how many go over, and how many go because the winner has their equals."""

    relation = graphene.String(required=True, resolver=lambda move, _info: move.label)
    moved = graphene.Int(required=True)
    dropped = graphene.Int(required=True)


class MergePreview(graphene.ObjectType):
    """What a merge would do."""

    fields = graphene.List(graphene.NonNull(MergeField), required=True)
    moves = graphene.List(graphene.NonNull(MergeMove), required=True)
    has_hidden = graphene.Boolean(
        required=True,
        description="Whether the merge moves rows besides, of leads that the caller may not see.",
    )


class MergeFilterSet(ListFilterSet):
    row_model = models.Merge
    order_columns = {name: name for name in ("id", "created_at")}

    id = IdColumn("id")
    uuid = UuidColumn("uuid")
    model = TextColumn("model")
    winner_id = IdColumn("winner_id")
    created_at = DateTimeColumn("created_at")
    undone_at = DateTimeColumn("undone_at")


def _arguments() -> dict[str, graphene.ID | graphene.List]:
    return {
        "id": graphene.ID(required=True),
        "duplicates_id": graphene.List(graphene.NonNull(graphene.ID), required=True),
    }


def survivor_field(type_: RowType) -> Guarded:
    """Declare a query for one row by id; the id of a merged row finds the row that it was merged into."""
    model = type_._meta.model

    def resolve(_root: object, info: GraphQLResolveInfo, *, id: str) -> object:
        # The second read is needed only for ids of merged rows.
        try:
            return read_one(info, type_, id)
        except NotFound:
            return read_one(
                info, type_, model._default_manager.with_deleted_for(actor_of(info)).winner_of(id)
            )

    return Guarded(type_, id=graphene.ID(required=True), resolver=resolve)


def _preview_field(type_: RowType, name: str) -> Guarded:
    def resolve(_root: object, info: GraphQLResolveInfo, *, id: str, duplicates_id: list[str]) -> object:
        return preview_merge(type_._meta.model, id, duplicates_id, actor=actor_of(info))

    return Guarded(MergePreview, name=name, resolver=resolve, **_arguments())


def _merge_field(type_: RowType, name: str) -> MutationField:
    def resolve(
        _root: object,
        info: GraphQLResolveInfo,
        *,
        id: str,
        duplicates_id: list[str],
        dry_run: bool,
        expected_version: int | None = None,
    ) -> object:
        with transaction.atomic():
            winner, _ = merge(
                type_._meta.model,
                id,
                duplicates_id,
                actor=actor_of(info),
                expected_version=expected_version,
            )
            # A dry run does everything, reads the outcome, and rolls back.
            outcome = refetch(info, type_, winner)
            transaction.set_rollback(dry_run)
        return outcome

    return MutationField(
        type_,
        name=name,
        permission=Action.CHANGE_PEOPLE,
        resolver=resolve,
        **_arguments(),
        expected_version=graphene.Int(),
        dry_run=graphene.Boolean(required=True, default_value=False),
    )


class MergeQuery(graphene.ObjectType):
    merges = list_field("merges", Merge, MergeFilterSet)
    preview_merge_people = _preview_field(People, "previewMergePeople")
    preview_merge_organizations = _preview_field(Organization, "previewMergeOrganizations")


class MergeMutation(graphene.ObjectType):
    merge_people = _merge_field(People, "mergePeople")
    merge_organizations = _merge_field(Organization, "mergeOrganizations")
    undo_merge = row_mutation(Merge, undo_merge, permission=Action.CHANGE_LOOKUPS)
