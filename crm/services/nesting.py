"""Objects within the input of others: what is refused is named by its path in the whole input."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from crm.errors import NotFound


@contextmanager
def within(path: str) -> Iterator[None]:
    """Put the path of a nested object before the names that its refusals give.

    :param path: where the input holds the object, such as ``people`` or ``stages.0``.
    """
    try:
        yield
    except ValidationError as refused:
        raise ValidationError(
            {
                path if name == NON_FIELD_ERRORS else f"{path}.{name}": messages
                for name, messages in refused.message_dict.items()
            }
        ) from refused
    except NotFound as missing:
        raise NotFound(f"{path}.{missing.details['argument']}") from missing
