"""Saved mappings of imported files."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import graphene
from graphene_django import DjangoObjectType
from graphql import GraphQLResolveInfo

from crm import models
from crm.actors import Action
from crm.graphql.core.arguments import Values
from crm.graphql.core.fields import Attribute, Derived
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.mutations import delete_mutation
from crm.graphql.core.permissions import actor_of
from crm.graphql.core.prefetch import refetch
from crm.graphql.core.scalars import JSON
from crm.graphql.import_reading import ImportReadingInput, reading_options
from crm.graphql.inputs import EntityType
from crm.graphql.lists.columns import ChoiceColumn, IdColumn, ListFilterSet, TextColumn
from crm.graphql.lists.paginator import list_field
from crm.importing import mappings
from crm.importing.options import ImportOptions
from crm.services import import_mappings as services
from crm.services.import_mappings import MappingValues

#: Parts of the stored options that are no option of ``reading``.
NOT_READING = ("titles", "saved_columns", "saved_titles", "column_titles", "split_columns")


def _titles(mapping: models.ImportMapping) -> Mapping[str, str | None]:
    return ImportOptions.from_json(mapping.options).columns.titles


def _encoding(mapping: models.ImportMapping) -> str | None:
    return ImportOptions.from_json(mapping.options).file.encoding


def _reading(mapping: models.ImportMapping) -> dict[str, Any]:
    """Return the options that are set, as ``ImportReadingInput`` takes them."""
    options = ImportOptions.from_json(mapping.options)
    given = {**asdict(options.file), **asdict(options.columns)}
    del given["encoding"]
    reading = {name: value for name, value in given.items() if value and name not in NOT_READING}
    if "columns" in reading:
        reading["columns"] = [
            {"number": number, "field": field} for number, field in options.columns.columns.items()
        ]
    if options.columns.split_columns:
        signs = options.columns.split_columns.items()
        reading["split_columns"] = [{"name": name, "separator": sign} for name, sign in signs]
    return reading


class ImportMapping(DjangoObjectType):
    """The meaning of the columns of a file, and how it is read, under a name."""

    class Meta:
        model = models.ImportMapping
        fields = ("id", "name", "split_phones", "created_at", "updated_at")

    model = Attribute(EntityType, "model", required=True)
    mapping = Derived(JSON, ("options",), _titles, required=True, description="Titles of columns to fields.")
    encoding = Derived(graphene.String, ("options",), _encoding)
    reading = Derived(
        JSON,
        ("options",),
        _reading,
        required=True,
        description="As importFile takes it; what is not set is absent.",
    )


class ImportMappingInput(graphene.InputObjectType):
    # Optional for updates; the service requires model and name for a new mapping.
    model = EntityType()
    name = graphene.String()
    mapping = JSON(description="Titles of columns to fields; null leaves a column out.")
    encoding = graphene.String(description="Of a text that is neither UTF-8 nor marked as UTF-16.")
    reading = graphene.InputField(ImportReadingInput)
    split_phones = graphene.Boolean()


class ImportMappingFilterSet(ListFilterSet):
    row_model = models.ImportMapping
    order_columns = {name: name for name in ("id", "name")}

    id = IdColumn("id")
    model = ChoiceColumn("model", words=models.ImportKind.values)
    name = TextColumn("name")


def _values(input: Values, stored: ImportOptions, model: str | None) -> MappingValues:
    """Return an input as the service takes it; what it does not say stays as it is stored."""
    given: Any = {name: input[name] for name in ("model", "name", "split_phones") if name in input}
    values: MappingValues = given
    options = stored
    if "reading" in input:
        read = reading_options(stored.file.encoding, input["reading"])
        options = replace(read, columns=replace(read.columns, titles=stored.columns.titles))
    if "encoding" in input:
        options = replace(options, file=replace(options.file, encoding=input["encoding"] or None))
    if "mapping" in input:
        options = mappings.with_titles(options, input["mapping"] or {})
    return {**values, "options": mappings.stored_form(options, model)}


class ImportMappingQuery(graphene.ObjectType):
    import_mappings = list_field(
        "importMappings", ImportMapping, ImportMappingFilterSet, permission=Action.IMPORT
    )


class ImportMappingMutation(graphene.ObjectType):
    create_import_mapping = MutationField(
        ImportMapping,
        permission=Action.IMPORT,
        prefix="input",
        input=graphene.Argument(ImportMappingInput, required=True),
    )
    update_import_mapping = MutationField(
        ImportMapping,
        permission=Action.IMPORT,
        prefix="input",
        id=graphene.ID(required=True),
        input=graphene.Argument(ImportMappingInput, required=True),
    )
    delete_import_mapping = delete_mutation(services.delete_mapping, permission=Action.IMPORT)

    @staticmethod
    def resolve_create_import_mapping(_root: object, info: GraphQLResolveInfo, *, input: Values) -> object:
        values = _values(input, ImportOptions(), input.get("model"))
        return refetch(info, ImportMapping, services.create_mapping(values, actor=actor_of(info)))

    @staticmethod
    def resolve_update_import_mapping(
        _root: object, info: GraphQLResolveInfo, *, id: str, input: Values
    ) -> object:
        actor = actor_of(info)
        stored = models.ImportMapping.objects.find(actor, id)
        options = ImportOptions.from_json(stored.options)
        values = _values(input, options, input.get("model", stored.model))
        return refetch(info, ImportMapping, services.update_mapping(stored.pk, values, actor=actor))
