"""Mappings of files that a company keeps under a name: what they hold, and how one is applied to a file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.core.exceptions import ValidationError

from crm.actors import Action, Actor
from crm.importing.columns import ColumnMapping, checked_field
from crm.importing.given_fields import given_fields
from crm.importing.options import ImportOptions, MappingRefused
from crm.models.base import TenantQuerySet
from crm.models.import_mappings import ImportMapping
from crm.models.imports import ImportKind
from crm.models.texts import stored_name_key
from crm.records.registry import import_kind
from crm.services import import_mappings
from crm.texts import name_key


def save_mapping(
    name: str, model: str, options: ImportOptions, *, split_phones: bool = False, actor: Actor
) -> ImportMapping:
    """Store options under a name in place of those that have it.

    :raises ValidationError: if they have no name, or the company has too many.
    """
    values: import_mappings.MappingValues = {
        "name": name,
        "model": model,
        "options": stored_form(options, model),
        "split_phones": split_phones,
    }
    return import_mappings.save_mapping(values, actor=actor)


def stored_form(options: ImportOptions, model: str | None) -> dict[str, Any]:
    """Return options as the mappings of a kind of record hold them.

    :raises ValidationError: keyed ``mapping``, if one names a field that the kind has not.
    """
    # A kind that does not exist is refused by the service.
    if model in ImportKind.values:
        columns = import_kind(str(model)).row_import.columns
        try:
            for name in (*options.columns.titles.values(), *options.columns.columns.values()):
                if name:
                    checked_field(name, columns)
        except MappingRefused as refused:
            raise ValidationError({"mapping": [refused.message]}) from refused
    # With keys that are texts, as they are read back.
    form: dict[str, Any] = json.loads(json.dumps(options.as_json()))
    return form


def saved_mappings(model: str, *, actor: Actor) -> Sequence[ImportMapping]:
    """Return the mappings of one kind of record, by name."""
    actor.require(Action.IMPORT)
    return list(_of_kind(model, actor).order_by("name_key"))


def find_mapping(name: str, model: str, *, actor: Actor) -> ImportMapping:
    """Return the mapping of a name.

    :raises MappingRefused: if there is none, with the names of those that there are.
    """
    actor.require(Action.IMPORT)
    known = saved_mappings(model, actor=actor)
    key = stored_name_key(name)
    for mapping in known:
        if mapping.name_key == key:
            return mapping
    names = ", ".join(mapping.name for mapping in known)
    there = f"Saved for this kind of record: {names}." if names else "None is saved for this kind of record."
    raise MappingRefused(f"There is no mapping {name}. {there}")


def with_saved(given: ImportOptions, mapping: ImportMapping) -> ImportOptions:
    """Return the options for a file: those given for it before those of a saved mapping."""
    saved = ImportOptions.from_json(mapping.options)
    file = {name: value for name, value in vars(given.file).items() if value is not None}
    own, kept = given.columns, saved.columns
    columns = replace(
        own,
        saved_columns=kept.columns,
        saved_titles=kept.titles,
        column_titles=kept.column_titles,
        ignore_rest=own.ignore_rest or kept.ignore_rest,
        split=own.split if own.split is not None else kept.split,
        split_columns={**kept.split_columns, **own.split_columns},
        name_order=own.name_order or kept.name_order,
        null_markers=list(dict.fromkeys([*kept.null_markers, *own.null_markers])),
        date_format=own.date_format or kept.date_format,
        decimal=own.decimal or kept.decimal,
        source=own.source or kept.source,
        constants={**kept.constants, **own.constants},
    )
    return ImportOptions(file=replace(saved.file, **file), columns=columns)


def with_titles(options: ImportOptions, mapping: object) -> ImportOptions:
    """Return options with the fields that an object names by title; None leaves the options as they are.

    :raises ValidationError: keyed ``mapping``, if it is no object of texts.
    """
    if mapping is None:
        return options
    if not isinstance(mapping, dict) or not all(
        value is None or isinstance(value, str) for value in mapping.values()
    ):
        raise ValidationError({"mapping": ["Enter an object of titles and fields."]})
    return replace(options, columns=replace(options.columns, titles=mapping))


def used_options(options: ImportOptions, mapping: ColumnMapping) -> ImportOptions:
    """Return the options that were given for a file, with what its columns were taken for.

    A later file may have its columns in another order: they are kept by title, and by number only where a
    title is missing or occurs twice.
    """
    given = given_fields(mapping.titles, options.columns)
    fields: dict[int, str | None] = {place: None for place, name in given.items() if name is None}
    fields |= {place: name for place, name in enumerate(mapping.fields) if name is not None}
    return with_fields(options, mapping.titles, fields, source=mapping.source)


def with_fields(
    options: ImportOptions, titles: Sequence[str], fields: Mapping[int, str | None], *, source: str | None
) -> ImportOptions:
    """Return options that name the fields of columns by title where they can.

    :param fields: those of the columns by position; None for one that is left out.
    :param source: where external ids are from, which a file with fewer columns may not tell.
    """
    keys = [name_key(title) for title in titles]
    own = {place for place, key in enumerate(keys) if key and keys.count(key) == 1}
    columns = replace(
        options.columns,
        titles={titles[place].strip(): name for place, name in sorted(fields.items()) if place in own},
        columns={place + 1: name for place, name in sorted(fields.items()) if place not in own},
        column_titles={place + 1: titles[place] for place in sorted(fields) if place not in own},
        saved_titles={},
        saved_columns={},
        source=options.columns.source or source,
    )
    return replace(options, columns=columns)


def _of_kind(model: str, actor: Actor) -> TenantQuerySet[ImportMapping]:
    return ImportMapping.objects.visible_to(actor).filter(model=model)
