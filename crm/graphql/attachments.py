"""Mutations that attach uploads to a record: ``attachFileToLead`` and the like for each kind of record."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import graphene
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.utils.module_loading import import_string
from graphene_django import DjangoObjectType
from graphql import GraphQLResolveInfo

from crm.actors import Action
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.permissions import actor_of
from crm.graphql.core.prefetch import refetch
from crm.graphql.core.scalars import Mixed
from crm.graphql.core.upload import Upload
from crm.models.records import Record
from crm.records.registry import RecordKind, record_kinds
from crm.services.record_files import attach_uploads


def _fields(kinds: Iterable[RecordKind]) -> dict[str, MutationField]:
    fields = {}
    for kind in kinds:
        # By path, since crm must not import the types of the apps above it.
        type_: type[DjangoObjectType] = import_string(kind.graphql_type)
        is_required = len(kind.upload_arguments) == 1
        several = {
            name: graphene.List(graphene.NonNull(Upload), required=is_required)
            for name in kind.upload_arguments
        }
        for noun, uploads in (("File", {"file": Upload(required=True)}), ("Files", several)):
            name = f"attach{noun}To{type_._meta.name}"
            fields[name] = MutationField(
                type_,
                name=name,
                permission=Action.CHANGE_FILES,
                resolver=partial(_attach, kind, type_),
                id=graphene.ID(required=True),
                params=Mixed(),
                **uploads,
            )
    return fields


def _attach(
    kind: RecordKind,
    type_: type[DjangoObjectType],
    _root: object,
    info: GraphQLResolveInfo,
    *,
    id: str,
    params: object = None,
    **arguments: File[bytes] | list[File[bytes]] | None,
) -> Record | None:
    uploads: dict[str, File[bytes]] = {}
    for name, given in arguments.items():
        if isinstance(given, list):
            uploads |= {f"{name}.{index}": upload for index, upload in enumerate(given)}
        elif given is not None:
            uploads[name] = given
    if not uploads:
        raise ValidationError({"files": ["Send at least one file."]})
    with _argument_paths(list(uploads)):
        record = attach_uploads(kind.name, id, list(uploads.values()), params, actor=actor_of(info))
    attached: Record | None = refetch(info, type_, record)
    return attached


@contextmanager
def _argument_paths(paths: Sequence[str]) -> Iterator[None]:
    """Key refusals of files by the arguments that hold them."""
    # The service gets the files of all arguments as one list.
    arguments = {f"files.{index}.file": path for index, path in enumerate(paths)}
    try:
        yield
    except ValidationError as refused:
        messages = refused.message_dict
        raise ValidationError({arguments.get(key, key): messages[key] for key in messages}) from refused


#: The fields of all registered kinds. ``type``, since a class body cannot hold computed names.
_AttachmentFields: Any = type("_AttachmentFields", (graphene.ObjectType,), _fields(record_kinds()))


class AttachmentMutation(_AttachmentFields):
    """Mutations that attach uploads to a record."""
