"""The scalar Upload, and the GraphQL multipart request specification: files of a form become variables."""

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, TypeGuard

import graphene
from django.core.files.base import File
from django.core.files.uploadedfile import UploadedFile
from graphql import GraphQLError

from crm.errors import BadUserInput

#: The only key of the operations that may hold files.
ROOT = "variables"


class Upload(graphene.Scalar):
    """A file, sent as a part of a multipart form and given as a variable."""

    @staticmethod
    def serialize(_value: object) -> NoReturn:
        raise GraphQLError("A file is never answered.")

    @staticmethod
    def parse_value(value: object) -> File[bytes]:
        if isinstance(value, UploadedFile):
            return value
        raise GraphQLError("Send the file as a part of a multipart form.")

    @staticmethod
    def parse_literal(_node: object, _variables: object = None) -> NoReturn:
        raise GraphQLError("Send the file as a variable of a multipart form.")


def place_files(
    operations: Mapping[str, object], places: object, files: Mapping[str, Sequence[File[bytes]]]
) -> None:
    """Put the files of a form into its operations, which are changed, at the paths of its map.

    Each path must lead to a null of the variables, and the map must name exactly the files of the form.
    """
    if not _is_map(places):
        raise BadUserInput("The field map must be an object of lists of paths.")
    if set(places) != set(files) or any(len(same_name) != 1 for same_name in files.values()):
        raise BadUserInput("The field map must name each file of the form once, and no other.")
    seen: set[str] = set()
    for name, paths in places.items():
        for path in paths:
            if path in seen:
                raise BadUserInput("The field map names a place twice.", reason=path[:200])
            seen.add(path)
            _place(operations, path, files[name][0])


def _is_map(places: object) -> TypeGuard[dict[str, list[str]]]:
    return isinstance(places, dict) and all(
        isinstance(paths, list) and paths and all(isinstance(path, str) for path in paths)
        for paths in places.values()
    )


def _place(operations: Mapping[str, object], path: str, file: File[bytes]) -> None:
    *parents, last = path.split(".")
    if not parents or parents[0] != ROOT:
        raise _no_place(path)
    container: Any = operations
    for step in parents:
        container = _at(container, step, path)
    if _at(container, last, path) is not None:
        raise _no_place(path)
    container[int(last) if isinstance(container, list) else last] = file


def _at(container: object, step: str, path: str) -> object:
    if isinstance(container, dict) and step in container:
        return container[step]
    # int() accepts digits of other scripts, and takes long over thousands of digits.
    is_index = step.isascii() and step.isdigit() and len(step) < 6
    if isinstance(container, list) and is_index and int(step) < len(container):
        return container[int(step)]
    raise _no_place(path)


def _no_place(path: str) -> BadUserInput:
    return BadUserInput("The field map names a place where the variables hold no null.", reason=path[:200])
