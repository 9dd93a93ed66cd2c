"""Compile the selection of a row type to one expression: the JSON of a row."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import graphene
from django.db.models import F, Model, OuterRef
from django.db.models.expressions import Combinable
from graphene_django import DjangoObjectType
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
)
from graphql.execution.collect_fields import collect_sub_fields
from graphql.execution.values import get_argument_values

from crm.actors import Actor
from crm.database.statements import NotCompilable
from crm.graphql.compiler.bounds import Bounds, Extent, Lengths
from crm.graphql.compiler.expressions import (
    Bounded,
    Encoded,
    Entries,
    List,
    Name,
    Object,
    One,
    OrError,
    OrNull,
    Quoted,
)
from crm.graphql.compiler.fields import is_large_field, leaf
from crm.graphql.core.amount_lists import AmountList
from crm.graphql.core.arguments import Values
from crm.graphql.core.budget import PUNCTUATION
from crm.graphql.core.fields import Related, RowType, declared_fields
from crm.graphql.core.list_fields import FIRST, ListSize, RelatedList
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
    bounds: Bounds

    def fields(self, type_: GraphQLObjectType, nodes: Iterable[FieldNode]) -> dict[str, list[FieldNode]]:
        """Return the selected fields of a type by key of the response, merged and in order."""
        return collect_sub_fields(
            self.schema,
            dict(self.fragments),
            dict(self.variables),
            type_,
            list(nodes),
        )

    def extent(self, type_: RowType, model: type[Model], nodes: Iterable[FieldNode]) -> Extent:
        """Return what the selection of one row has, for the bounds."""
        total = Extent(singles=1)
        for key, same in self.fields(self._type(type_), nodes).items():
            name = same[0].name.value
            declared = declared_fields(type_).get(name)
            total = total.plus(Extent(characters=len(key) + PUNCTUATION))
            if isinstance(declared, RelatedList | Related):
                related: Any = model._meta.get_field(declared.path)
                below = self.extent(declared.row_type, related.related_model, same)
                total = total.plus(below.as_list if isinstance(declared, RelatedList) else below)
            elif isinstance(declared, CustomFields):
                total = total.plus(Extent(large=1, lists=1))
            elif is_large_field(declared, name, model):
                total = total.plus(Extent(large=1))
        return total

    def _type(self, type_: RowType) -> GraphQLObjectType:
        object_type = self.schema.get_type(type_._meta.name)
        if not isinstance(object_type, GraphQLObjectType):
            raise NotCompilable("abstract type")
        return object_type

    def row(
        self, type_: RowType, model: type[Model], nodes: Iterable[FieldNode], *, rows: int
    ) -> tuple[Object, Lengths]:
        """Return the JSON of one of so many rows, if the compiler can resolve all selected fields.

        And how long its lists may be.
        """
        object_type = self._type(type_)
        members: dict[str, Combinable] = {}
        below: dict[str, Lengths] = {}
        for key, same in self.fields(object_type, nodes).items():
            name = same[0].name.value
            if name == TYPENAME:
                members[key] = Name(object_type.name)
                continue
            declared = declared_fields(type_).get(name)
            is_list = isinstance(declared, RelatedList | CustomFields)
            if declared is None or (same[0].arguments and not is_list) or _has_own_resolver(type_, name):
                raise NotCompilable(f"{object_type.name}.{name}")
            members[key], lengths = self._member(declared, name, model, object_type.fields[name], same, rows)
            if lengths is not None and lengths.smallest is not None:
                below[key] = lengths
        return Object(members), Lengths(below)

    def _member(
        self,
        declared: graphene.Field,
        name: str,
        model: type[Model],
        definition: GraphQLField,
        nodes: list[FieldNode],
        rows: int,
    ) -> tuple[Combinable, Lengths | None]:
        if isinstance(declared, CustomFields):
            return self._entries(declared, definition, nodes, rows)
        if isinstance(declared, AmountList):
            return self._amounts(declared, definition, nodes), None
        if isinstance(declared, RelatedList):
            return self._list(declared, model, definition, nodes, rows)
        if isinstance(declared, Related):
            one, lengths = self._one(declared, model, nodes, rows)
            is_required = isinstance(definition.type, GraphQLNonNull)
            return OrError(one, F("pk")) if is_required else OrNull(one), lengths
        most_bytes = self.bounds.value(rows)
        return leaf(declared, name, model, definition.type, self.actor, most_bytes=most_bytes), None

    def _one(
        self, declared: Related, model: type[Model], nodes: list[FieldNode], number: int
    ) -> tuple[One, Lengths]:
        relation: Any = model._meta.get_field(declared.path)
        if not (relation.concrete and relation.many_to_one):
            raise NotCompilable("relation")
        rows = visible_rows(relation.related_model, self.actor).filter(pk=OuterRef(relation.attname))
        row, lengths = self.row(declared.row_type, rows.model, nodes, rows=number)
        return One(rows.values_list(row)), lengths

    def _list(
        self,
        declared: RelatedList,
        model: type[Model],
        definition: GraphQLField,
        nodes: list[FieldNode],
        owners: int,
    ) -> tuple[List, Lengths]:
        relation: Any = model._meta.get_field(declared.path)
        rows = visible_rows(relation.related_model, self.actor)
        if (
            relation.one_to_many
            and hasattr(relation, "field")
            and not hasattr(relation, "object_id_field_name")
        ):
            rows = rows.filter(**{relation.field.name: OuterRef("pk")})
        elif relation.many_to_many:
            # Not the related name: one that ends with "+" hides the reverse relation from lookups.
            name = relation.related_query_name() if relation.concrete else relation.field.name
            rows = rows.filter(**{name: OuterRef("pk")})
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
        extent = self.extent(declared.row_type, relation.related_model, nodes)
        limit, most = self._limit(declared.size, definition, nodes, owners, extent)
        row, lengths = self.row(declared.row_type, rows.model, nodes, rows=owners * limit)
        listed = rows.order_by(*declared.ordering).values_list(row)
        return List(listed[:limit]), replace(lengths, most=most, element=extent.characters)

    def _limit(
        self,
        size: ListSize,
        definition: GraphQLField,
        nodes: list[FieldNode],
        owners: int,
        extent: Extent,
    ) -> tuple[int, int | None]:
        """Return the LIMIT of a list, and how long it may be if it has one row more when it is cut."""
        arguments = get_argument_values(definition, nodes[0], dict(self.variables))
        asked = size.of(arguments)
        most = self.bounds.rows(owners, extent, asked)
        is_as_asked = most == asked and arguments.get(FIRST) is not None
        return (asked, None) if is_as_asked else (most + 1, most)

    def _amounts(self, declared: AmountList, definition: GraphQLField, nodes: list[FieldNode]) -> List:
        money: Any = get_named_type(definition.type)
        contents = {"currency": Encoded(F("currency")), "amount": Quoted(F("amount_sum"))}
        contents[TYPENAME] = Name(money.name)
        members = {key: contents[same[0].name.value] for key, same in self.fields(money, nodes).items()}
        sums = declared.sums(self.actor).filter(**{declared.key: OuterRef("pk")})
        # No share of the budget: a share would often be smaller than the number of currencies.
        return List(sums.values_list(Object(members))[: declared.most])

    def _entries(
        self, declared: CustomFields, definition: GraphQLField, nodes: list[FieldNode], owners: int
    ) -> tuple[Bounded, Lengths]:
        entry: Any = get_named_type(definition.type)
        contents = {"name": "name", "value": "value", TYPENAME: entry.name}
        keys = {key: contents[same[0].name.value] for key, same in self.fields(entry, nodes).items()}
        extent = Extent(singles=1, characters=sum(map(len, keys)) + PUNCTUATION * len(keys))
        limit, most = self._limit(declared.size, definition, nodes, owners, extent)
        column = F(declared.loads[0])
        entries = Entries(column, keys, limit=limit)
        return Bounded(column, entries, most=self.bounds.value(owners)), Lengths({}, most, extent.characters)


def _has_own_resolver(type_: RowType, name: str) -> bool:
    resolver = getattr(type_, f"resolve_{name}", None)
    # DjangoObjectType has a resolve_id, which reads the primary key as the compiler does.
    return resolver is not None and resolver is not getattr(DjangoObjectType, f"resolve_{name}", None)
