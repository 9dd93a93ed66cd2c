"""A link to another company's row, which only a raw write can make, leads nowhere."""

from typing import Any

from django.db.models import F
from django.utils import timezone

from crm.graphql.core.fields import Computed, Related
from crm.graphql.core.list_fields import RelatedList
from leads.models import StageVisit
from tests.clients import GraphQLSchema, ask
from tests.rows.registry import REGISTRY, kind_of
from tests.stored import rolled_back
from tests.tenants.leaks import foreign
from tests.tenants.test_traversal import SHORTEST_PATHS, document, type_at
from tests.tenants.untied import untied
from tests.tenants.walk import relations, scalars
from tests.tenants.world import Side, World

#: Types without a model of their own, and those that are tried on another row than their model's.
OTHER_KINDS = {
    "Activity": "meeting",
    "AgentStatus": "membership",
    "CustomField": "lead",
    "Filesystem": "lead_file",
    "ImportRowError": "import_job",
    "ReceiverAttempt": "delivered_attempt",
}

#: Lists of rows that have no company but that of their job.
OF_JOBS = (("ImportJob", "errors"), ("ImportJob", "rows"))

#: What is put together of a row's columns and of rows that are tried by themselves.
NO_ROWS = {"ActivityRecord", "Money"}


def kind_for(type_name: str) -> str | None:
    """Return the kind of row that the fields of a type are tried on."""
    model = getattr(type_at_root(type_name).graphene_type._meta, "model", None)
    return OTHER_KINDS.get(type_name) or (kind_of(model) if model in REGISTRY else None)


def type_at_root(type_name: str) -> Any:
    return GraphQLSchema.type_map[type_name]


KINDS = {type_name: kind for type_name in SHORTEST_PATHS if (kind := kind_for(type_name))}


def fields(kind: type[Related] | type[RelatedList]) -> list[tuple[str, str]]:
    """Return the fields of all types that are declared with this class."""
    return [
        (type_name, name)
        for type_name in SHORTEST_PATHS
        for name in relations(type_at_root(type_name))
        if isinstance(declared(type_name, name), kind)
    ]


def declared(type_name: str, name: str) -> Any:
    graphene_type = type_at_root(type_name).graphene_type
    return {field.name or key: field for key, field in graphene_type._meta.fields.items()}.get(name)


def read_field(world: World, type_name: str, name: str) -> list[dict[str, Any]]:
    """Read a field with all that its rows have, and with their stored columns alone, which are joined."""
    leaf = type_at(type_at_root(type_name), (name,))
    stored = [
        scalar for scalar in scalars(leaf).split() if not isinstance(declared(leaf.name, scalar), Computed)
    ]
    return [
        ask(document((*SHORTEST_PATHS[type_name], name), selection), actor=world.own.tenant.actors.admin)
        for selection in (scalars(leaf), " ".join(stored))
    ]


def test_every_type_has_a_row_to_try():
    assert set(KINDS) == set(SHORTEST_PATHS) - NO_ROWS


def test_a_link_to_one_row_of_another_company_reads_as_none(world: World):
    # A row whose own company is another's is no row with a wrong link: it is the other's.
    # And whoever a membership of the own company names is a member of it.
    bent = [
        (type_name, name)
        for type_name, name in fields(Related)
        if name != "company" and (type_name, name) not in (("Agent", "user"), ("Member", "user"))
    ]
    for type_name, name in bent:
        own, other = world.own.rows[KINDS[type_name]], world.other.rows[KINDS[type_name]]
        path = declared(type_name, name).path
        with rolled_back():
            with untied():
                type(own)._base_manager.filter(pk=own.pk).update(**{path: getattr(other, path)})

            answer = read_field(world, type_name, name)

        # A joined user is not looked up among the members: owners and creators are, and stay, members.
        joined = relations(type_at_root(type_name))[name].name == "User"
        assert foreign(answer[:1] if joined else answer, world.other) == [], f"{type_name}.{name}"
    assert len(bent) == 52


def test_a_link_to_several_rows_of_another_company_leaves_them_out(world: World, time_machine: Any):
    # How long a lead is in its stage goes on while it is read.
    time_machine.move_to(timezone.now(), tick=False)
    # A refused row has no company but that of its job: what is linked to an own job is its own.
    bent = [each for each in fields(RelatedList) if each not in OF_JOBS]
    for type_name, name in bent:
        before = read_field(world, type_name, name)
        with rolled_back():
            with untied():
                link(world.own, world.other, KINDS[type_name], declared(type_name, name).path)

            answer = read_field(world, type_name, name)

        assert answer == before, f"{type_name}.{name}"
        assert foreign(answer, world.other) == [], f"{type_name}.{name}"
    assert len(bent) == 26


def link(own: Side, other: Side, kind: str, path: str) -> None:
    """Tie what a row of the other company is tied to to the same row of the own company as well."""
    mine, theirs = own.rows[kind], other.rows[kind]
    relation: Any = mine._meta.get_field(path)
    rows = list(getattr(theirs, path).all())
    assert rows, (kind, path)
    if relation.related_model is StageVisit:
        # A lead is in one stage at a time.
        relation.related_model._base_manager.filter(lead=theirs.pk).update(lead=mine, left_at=F("entered_at"))
    elif relation.one_to_many and not hasattr(relation, "object_id_field_name"):
        relation.related_model._base_manager.filter(pk__in=[row.pk for row in rows]).update(
            **{relation.field.name: mine}
        )
    elif hasattr(relation, "object_id_field_name"):
        relation.related_model._base_manager.filter(pk__in=[row.pk for row in rows]).update(
            **{relation.object_id_field_name: mine.pk}
        )
    else:
        # Declared on one side or on the other.
        field = relation.field if relation.auto_created else relation
        names = [field.m2m_field_name(), field.m2m_reverse_field_name()]
        ours, linked = reversed(names) if relation.auto_created else names
        through = field.remote_field.through
        through._base_manager.bulk_create(
            through(**{f"{ours}_id": mine.pk, f"{linked}_id": row.pk}) for row in rows
        )
