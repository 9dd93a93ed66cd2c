"""Uploads: the scalar, and the GraphQL multipart request, whose files go into the variables."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

import graphene
from django.core.files.base import File
from django.core.files.uploadedfile import UploadedFile
from graphql import GraphQLError

from crm.errors import BadUserInput

#: Where the files of a request go; nothing else of it can hold one.
ROOT = "variables"


class Upload(graphene.Scalar):
    """A file, sent as a part of a multipart form and given as a variable."""

    @staticmethod
    def serialize(_value: Any) -> NoReturn:
        raise GraphQLError("A file is never answered.")

    @staticmethod
    def parse_value(value: Any) -> File[bytes]:
        if isinstance(value, UploadedFile):
            return value
        raise GraphQLError("Send the file as a part of a multipart form.")

    @staticmethod
    def parse_literal(_node: Any, _variables: Any = None) -> NoReturn:
        raise GraphQLError("Send the file as a variable of a multipart form.")


def place_files(
    operations: Mapping[str, Any], places: Any, files: Mapping[str, Sequence[File[bytes]]]
) -> None:
    """Put the files of a form into the operations, where its map says, in place.

    :param operations: the parameters of the request, with null at each place of a file.
    :param places: the map: the name of each file to the paths of its places.
    :raises BadUserInput: if the map is none, a place is no null among the variables or named twice, or
        the map and the files do not name each other exactly.
    """
    if not _is_map(places):
        raise BadUserInput("The field map must be an object of lists of paths.")
    if set(places) != set(files) or any(len(same_name) != 1 for same_name in files.values()):
        raise BadUserInput("The field map must name each file of the form once, and no other.")
    taken: set[str] = set()
    for name, paths in places.items():
        for path in paths:
            if path in taken:
                raise BadUserInput("The field map names a place twice.", reason=path[:200])
            taken.add(path)
            _place(operations, path, files[name][0])


def _is_map(places: Any) -> bool:
    return isinstance(places, dict) and all(
        isinstance(paths, list) and paths and all(isinstance(path, str) for path in paths)
        for paths in places.values()
    )


def _place(operations: Mapping[str, Any], path: str, file: File[bytes]) -> None:
    *way, last = _steps(path)
    container: Any = operations
    for step in way:
        container = _at(container, step, path)
    if _at(container, last, path) is not None:
        raise _no_place(path)
    container[int(last) if isinstance(container, list) else last] = file


def _steps(path: str) -> Iterator[str]:
    steps = path.split(".")
    if len(steps) < 2 or steps[0] != ROOT:
        raise _no_place(path)
    yield from steps


def _at(container: Any, step: str, path: str) -> Any:
    if isinstance(container, dict) and step in container:
        return container[step]
    is_index = step.isascii() and step.isdigit() and len(step) < 6
    if isinstance(container, list) and is_index and int(step) < len(container):
        return container[int(step)]
    raise _no_place(path)


def _no_place(path: str) -> BadUserInput:
    return BadUserInput("The field map names a place where the variables hold no null.", reason=path[:200])
