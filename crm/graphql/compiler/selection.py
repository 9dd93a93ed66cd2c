"""Compile the selection of a row type to one expression: the JSON of a row."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import graphene
from django.db.models import F, Model, OuterRef, QuerySet
from django.db.models.expressions import Combinable
from graphene_django import DjangoObjectType
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    get_named_type,
)
from graphql.execution.collect_fields import collect_sub_fields

from crm.actors import Actor
from crm.database.statements import NotCompilable
from crm.graphql.compiler.expressions import Entries, List, Name, Object, One, OrError, OrNull
from crm.graphql.compiler.fields import leaf
from crm.graphql.core.arguments import Values
from crm.graphql.core.fields import Related, RelatedList, RowType, declared_fields
from crm.graphql.types import CustomFields
from crm.models.base import visible_rows

TYPENAME = "__typename"


@dataclass(frozen=True)
class Collector:
    """Compiles the selections of one operation for one class of actors."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Values
    #: An actor with parameters in place of its ids.
    actor: Actor

    def fields(self, type_: GraphQLObjectType, nodes: Iterable[FieldNode]) -> dict[str, list[FieldNode]]:
        """Return the selected fields of a type by key of the response, merged and in order."""
        return collect_sub_fields(
            self.schema,
            dict(self.fragments),
            dict(self.variables),
            type_,
            list(nodes),
        )

    def row(self, type_: RowType, model: type[Model], nodes: Iterable[FieldNode]) -> Object:
        """Return the JSON of one row, if the compiler can resolve all selected fields."""
        object_type = self.schema.get_type(type_._meta.name)
        if not isinstance(object_type, GraphQLObjectType):
            raise NotCompilable("abstract type")
        members: dict[str, Combinable] = {}
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

    def _member(
        self,
        declared: graphene.Field,
        name: str,
        model: type[Model],
        kind: GraphQLOutputType,
        nodes: list[FieldNode],
    ) -> Combinable:
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
        rows = visible_rows(relation.related_model, self.actor).filter(pk=OuterRef(relation.attname))
        return One(self._selected(rows, declared.row_type, nodes))

    def _list(self, declared: RelatedList, model: type[Model], nodes: list[FieldNode]) -> List:
        relation: Any = model._meta.get_field(declared.path)
        rows = visible_rows(relation.related_model, self.actor)
        if (
            relation.one_to_many
            and hasattr(relation, "field")
            and not hasattr(relation, "object_id_field_name")
        ):
            rows = rows.filter(**{relation.field.name: OuterRef("pk")})
        elif relation.many_to_many and relation.concrete:
            # Not the related name: one that ends with "+" hides the reverse relation from lookups.
            rows = rows.filter(**{relation.related_query_name(): OuterRef("pk")})
        elif hasattr(relation, "object_id_field_name"):
            # The content type of the model is known, so it is a constant and not a column of the outer row.
            rows = rows.filter(
                **{
                    relation.object_id_field_name: OuterRef("pk"),
                    relation.content_type_field_name: relation.get_content_type(),
                }
            )
        else:
            raise NotCompilable("relation")
        return List(self._selected(rows.order_by(*declared.ordering), declared.row_type, nodes))

    def _selected(
        self, rows: QuerySet[Model], type_: RowType, nodes: list[FieldNode]
    ) -> QuerySet[Model, tuple[object, ...]]:
        return rows.values_list(self.row(type_, rows.model, nodes))

    def _entries(self, declared: CustomFields, kind: GraphQLOutputType, nodes: list[FieldNode]) -> Entries:
        entry: Any = get_named_type(kind)
        contents = {"name": "name", "value": "value", TYPENAME: entry.name}
        keys = {key: contents[same[0].name.value] for key, same in self.fields(entry, nodes).items()}
        return Entries(F(declared.loads[0]), keys)


def _has_own_resolver(type_: RowType, name: str) -> bool:
    resolver = getattr(type_, f"resolve_{name}", None)
    # DjangoObjectType has a resolve_id, which reads the primary key as the compiler does.
    return resolver is not None and resolver is not getattr(DjangoObjectType, f"resolve_{name}", None)
