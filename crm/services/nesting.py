"""Errors of nested inputs, named by their path in the whole input."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from crm.errors import NotFound


@contextmanager
def within(path: str) -> Iterator[None]:
    """Prefix the paths of errors with that of a nested object.

    :param path: where the input holds the object, such as ``people`` or ``stages.0``.
    """
    try:
        yield
    except ValidationError as refused:
        by_field = (
            refused.message_dict if hasattr(refused, "error_dict") else {NON_FIELD_ERRORS: refused.messages}
        )
        raise ValidationError(
            {
                path if name == NON_FIELD_ERRORS else f"{path}.{name}": messages
                for name, messages in by_field.items()
            }
        ) from refused
    except NotFound as missing:
        raise NotFound(f"{path}.{missing.details['argument']}") from missing
