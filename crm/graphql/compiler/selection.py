"""From the selection of a type that a model backs to the JSON of its rows, as one expression."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Model, OuterRef, QuerySet
from graphene_django import DjangoObjectType
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
)
from graphql.execution.collect_fields import collect_sub_fields

from crm.actors import Actor
from crm.database.statements import NotCompilable
from crm.graphql.compiler.expressions import Entries, List, Name, Object, One, OrError, OrNull
from crm.graphql.compiler.fields import leaf
from crm.graphql.core.fields import Related, RelatedList, declared_fields
from crm.graphql.types import CustomFields

TYPENAME = "__typename"


@dataclass(frozen=True)
class Collector:
    """What the selections of one operation are collected with."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]
    actor: Actor

    def fields(self, type_: GraphQLObjectType, nodes: Iterable[FieldNode]) -> dict[str, list[FieldNode]]:
        """Give the fields that are selected of a type, by their key in the answer, merged and in order."""
        return collect_sub_fields(
            self.schema,
            dict(self.fragments),
            dict(self.variables),
            type_,
            list(nodes),
        )

    def object(self, type_: Any, model: type[Model], nodes: Iterable[FieldNode]) -> Object:
        """Give the JSON of one row.

        :param type_: its graphene type.
        :raises NotCompilable: if something selected is known to the standard executor alone.
        """
        object_type = self.schema.get_type(type_._meta.name)
        if not isinstance(object_type, GraphQLObjectType):
            raise NotCompilable("abstract type")
        members: dict[str, Any] = {}
        for key, same in self.fields(object_type, nodes).items():
            name = same[0].name.value
            if name == TYPENAME:
                members[key] = Name(object_type.name)
                continue
            declared = declared_fields(type_).get(name)
            if declared is None or same[0].arguments or _has_own_resolver(type_, name):
                raise NotCompilable(f"{object_type.name}.{name}")
            members[key] = self._member(declared, name, model, object_type.fields[name].type, same)
        return Object(members)

    def _member(self, declared: Any, name: str, model: type[Model], kind: Any, nodes: list[FieldNode]) -> Any:
        if isinstance(declared, CustomFields):
            return self._entries(declared, kind, nodes)
        if isinstance(declared, RelatedList):
            return self._list(declared, model, nodes)
        if isinstance(declared, Related):
            one = self._one(declared, model, nodes)
            return OrError(one, F("pk")) if isinstance(kind, GraphQLNonNull) else OrNull(one)
        return leaf(declared, name, model, kind, self.actor)

    def _one(self, declared: Related, model: type[Model], nodes: list[FieldNode]) -> One:
        relation: Any = model._meta.get_field(declared.path)
        if not (relation.concrete and relation.many_to_one):
            raise NotCompilable("relation")
        rows = self._visible(relation.related_model).filter(pk=OuterRef(relation.attname))
        return One(self._selected(rows, declared.row_type, nodes))

    def _list(self, declared: RelatedList, model: type[Model], nodes: list[FieldNode]) -> List:
        relation: Any = model._meta.get_field(declared.path)
        rows = self._visible(relation.related_model)
        if (
            relation.one_to_many
            and hasattr(relation, "field")
            and not hasattr(relation, "object_id_field_name")
        ):
            rows = rows.filter(**{relation.field.name: OuterRef("pk")})
        elif relation.many_to_many and relation.concrete:
            # The name by which Django itself asks for them, hidden or not.
            rows = rows.filter(**{relation.related_query_name(): OuterRef("pk")})
        elif hasattr(relation, "object_id_field_name"):
            # Not OuterRef on the whole: the kind of the record is a constant.
            rows = rows.filter(
                **{
                    relation.object_id_field_name: OuterRef("pk"),
                    relation.content_type_field_name: relation.get_content_type(),
                }
            )
        else:
            raise NotCompilable("relation")
        return List(self._selected(rows.order_by(*declared.ordering), declared.row_type, nodes))

    def _visible(self, model: Any) -> QuerySet[Any]:
        visible: QuerySet[Any] = model._default_manager.visible_to(self.actor)
        return visible

    def _selected(self, rows: QuerySet[Any], type_: Any, nodes: list[FieldNode]) -> QuerySet[Any]:
        return rows.values_list(self.object(type_, rows.model, nodes))

    def _entries(self, declared: CustomFields, kind: Any, nodes: list[FieldNode]) -> Entries:
        entry: Any = get_named_type(kind)
        stands = {"name": "name", "value": "value", TYPENAME: entry.name}
        keys = {key: stands[same[0].name.value] for key, same in self.fields(entry, nodes).items()}
        return Entries(F(declared.loads[0]), keys)


def _has_own_resolver(type_: Any, name: str) -> bool:
    resolver = getattr(type_, f"resolve_{name}", None)
    # That of graphene-django reads the primary key.
    return resolver is not None and resolver is not getattr(DjangoObjectType, f"resolve_{name}", None)
