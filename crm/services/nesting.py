"""Errors of nested inputs, named by their path in the whole input."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from crm.errors import NotFound


@contextmanager
def renamed(names: Mapping[str, str]) -> Iterator[None]:
    """Rename the fields of errors: from those of a service to those of another one's input."""
    try:
        yield
    except ValidationError as refused:
        messages = _by_field(refused)
        raise ValidationError({names.get(field, field): messages[field] for field in messages}) from refused


def _by_field(refused: ValidationError) -> dict[str, list[str]]:
    return refused.message_dict if hasattr(refused, "error_dict") else {NON_FIELD_ERRORS: refused.messages}


@contextmanager
def within(path: str) -> Iterator[None]:
    """Prefix the paths of errors with that of a nested object.

    :param path: where the input holds the object, such as ``people`` or ``stages.0``.
    """
    try:
        yield
    except ValidationError as refused:
        raise ValidationError(
            {
                path if name == NON_FIELD_ERRORS else f"{path}.{name}": messages
                for name, messages in _by_field(refused).items()
            }
        ) from refused
    except NotFound as missing:
        raise NotFound(f"{path}.{missing.details['argument']}") from missing
