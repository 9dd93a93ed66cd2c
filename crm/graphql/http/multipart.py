"""Parse multipart GraphQL requests: the fields ``operations`` and ``map``, and files."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, UnreadablePostError
from django.http.multipartparser import MultiPartParserError

from crm.graphql.core.upload import place_files
from crm.graphql.execution import Operation
from crm.graphql.execution.operations import strict_part
from crm.graphql.http.requests import BAD_REQUEST, TOO_LARGE, decode, operation_of
from crm.graphql.http.responses import HttpRefusal
from crm.graphql.limits import Limits, limits
from crm.services.contents import refused_when_full

FIELDS = ("operations", "map")


class _Quota(FileUploadHandler):
    """Stop parsing a form at the first file that is too large or one too many."""

    def __init__(self, request: HttpRequest, bounds: Limits) -> None:
        super().__init__(request)
        self.bounds = bounds
        self.files = 0
        self.size = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.files += 1
        self.size = 0
        if self.files > self.bounds.files:
            raise HttpRefusal(BAD_REQUEST, f"A request has at most {self.bounds.files} files.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.size += len(raw_data)
        if self.size > self.bounds.file:
            raise HttpRefusal(TOO_LARGE, f"A file has at most {self.bounds.file} bytes.")
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Return None: the handlers after this one keep the file."""


@contextmanager
def _removed_on_failure(request: HttpRequest) -> Iterator[None]:
    """Remove a half-written temporary file at once: Django leaves it to the garbage collector."""
    try:
        yield
    except BaseException:
        for handler in request.upload_handlers:
            # Closing writes what is buffered, for which there may be no room either.
            with suppress(OSError):
                handler.upload_interrupted()
        raise


def read_form(request: HttpRequest) -> Operation:
    """Return the operation of a multipart request, with its files in its variables."""
    bounds = limits()
    # First in the list, so that an oversized file is not spooled to disk before it is refused.
    request.upload_handlers.insert(0, _Quota(request, bounds))
    try:
        with _removed_on_failure(request), refused_when_full():
            fields, files = request.POST, request.FILES
    except UnreadablePostError as error:
        raise HttpRefusal(BAD_REQUEST, "The body ended early.") from error
    except RequestDataTooBig as error:
        raise HttpRefusal(TOO_LARGE, f"A form field has at most {bounds.body} bytes.") from error
    except (MultiPartParserError, SuspiciousOperation) as error:
        raise HttpRefusal(BAD_REQUEST, "The body is no multipart form within the limits.") from error
    if sorted(fields) != sorted(FIELDS) or any(len(fields.getlist(name)) != 1 for name in FIELDS):
        raise HttpRefusal(BAD_REQUEST, "The form must have the fields operations and map once, and no other.")
    raw = {name: fields[name].encode(errors="surrogatepass") for name in FIELDS}
    if any(len(each) > bounds.body for each in raw.values()):
        raise HttpRefusal(TOO_LARGE, f"A form field has at most {bounds.body} bytes.")
    operations = decode(raw["operations"], name="The field operations", whole=strict_part)
    paths = decode(raw["map"], name="The field map")
    operation = operation_of(operations)
    # The operation refers to the dictionary of variables, so placing files changes the operation too.
    place_files(operations, paths, {name: files.getlist(name) for name in files})
    return operation
