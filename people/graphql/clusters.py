"""Lists of clusters of possible duplicates."""

from collections.abc import Callable, Sequence
from typing import Any

import graphene
from django.utils.functional import cached_property
from graphql import GraphQLResolveInfo

from crm.actors import Actor
from crm.graphql.core.permissions import Guarded, actor_of
from crm.graphql.core.prefetch import load, selected_fields
from crm.graphql.lists.pages import DEFAULT_PAGE_SIZE, Page, check_page, paginator_type
from crm.graphql.lists.paginator import data_nodes
from people.graphql.types import Organization, People
from people.services import clusters
from people.services.clusters import Cluster
from people.services.duplicates import MOST_LISTED, Reason

DuplicateReason = graphene.Enum.from_enum(Reason, name="DuplicateReason")
#: Reads the rows of the keys, with what a selection needs.
Read = Callable[[set[int]], dict[int, Any]]


class PeopleDuplicate(graphene.ObjectType):
    """People who may be the same person: the oldest of them, and how many there are."""

    people = graphene.List(graphene.NonNull(People), required=True)
    reasons = graphene.List(graphene.NonNull(DuplicateReason), required=True)
    size = graphene.Int(required=True)


class OrganizationDuplicate(graphene.ObjectType):
    """Organizations that may be the same one: the oldest of them, and how many there are."""

    organizations = graphene.List(graphene.NonNull(Organization), required=True)
    reasons = graphene.List(graphene.NonNull(DuplicateReason), required=True)
    size = graphene.Int(required=True)


class ClusterPage(Page):
    """A page of clusters, which reads the records of all its clusters at once."""

    def __init__(self, found: Sequence[Cluster], member: str, read: Read, *, first: int, page: int) -> None:
        super().__init__(
            lambda offset, number: list(found[offset : offset + number]),
            lambda: len(found),
            first=first,
            page=page,
        )
        self._member = member
        self._records = read

    @cached_property
    def data(self) -> list[dict[str, object]]:
        page = super().data
        # One read for the page. Large clusters are cut; ``size`` is their whole size.
        rows = self._records({key for cluster in page for key in cluster.keys[:MOST_LISTED]})
        return [
            {
                self._member: [rows[key] for key in cluster.keys[:MOST_LISTED] if key in rows],
                "reasons": list(cluster.reasons),
                "size": len(cluster.keys),
            }
            for cluster in page
        ]


def _cluster_list(name: str, type_: Any, member: str, row_type: Any, find: Callable[..., Any]) -> Guarded:
    wrapper = paginator_type(type_)

    def resolve(
        _root: object, info: GraphQLResolveInfo, *, first: int, page: int | None = None
    ) -> ClusterPage:
        number = check_page(first, page)
        actor: Actor = actor_of(info)
        nodes = selected_fields(info, type_._meta.name, data_nodes(info, wrapper)).get(member, [])

        def read(keys: set[int]) -> dict[int, Any]:
            visible = row_type._meta.model._default_manager.visible_to(actor).filter(pk__in=keys)
            loaded = load(visible, row_type, nodes, info, rows=len(keys))
            return {row.pk: row for row in loaded} if nodes else {}

        return ClusterPage(find(actor=actor), member, read, first=first, page=number)

    arguments: dict[str, Any] = {
        "first": graphene.Int(required=True, default_value=DEFAULT_PAGE_SIZE),
        "page": graphene.Int(),
    }
    return Guarded(wrapper, name=name, required=True, resolver=resolve, **arguments)


class ClusterQuery(graphene.ObjectType):
    people_duplicates = _cluster_list(
        "peopleDuplicates", PeopleDuplicate, "people", People, clusters.people_clusters
    )
    organization_duplicates = _cluster_list(
        "organizationDuplicates",
        OrganizationDuplicate,
        "organizations",
        Organization,
        clusters.organization_clusters,
    )
