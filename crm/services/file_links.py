"""The files of a record: uploaded, linked by URL, or stored before."""

from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from typing import Any, TypedDict
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ValidationError
from django.core.files.base import File

from crm.actors import Action, Actor
from crm.models.custom_fields import NOT_STORABLE, is_storable
from crm.models.files import FileLink, Filesystem
from crm.services import file_quota, saving
from crm.services.files import clean_name, store_file
from crm.services.history import Changes
from crm.services.nesting import within


class FileValues(TypedDict, total=False):
    """The input of a file: an upload, or the URL of a file that is stored elsewhere.

    ``row`` is a file that is stored already; no client can name it.
    """

    name: str | None
    url: str | None
    file: File[bytes] | None
    row: Filesystem
    field_name: str | None
    attributes: object


class FileRelations(TypedDict, total=False):
    """Files to attach to a record, and the keys of files to detach from it."""

    files: list[FileValues] | None
    detached_files: Collection[int]


def _keep_address(values: FileValues, *, actor: Actor) -> Filesystem:
    # The URL is stored as it is and never fetched: it may point into the server's own network.
    actor.require(Action.CHANGE_FILES)
    url = (values.get("url") or "").strip()
    try:
        parts = urlsplit(url)
        usual_name = PurePosixPath(unquote(parts.path)).name or parts.hostname or "file"
    except ValueError:
        # urlsplit refuses some hosts, such as an unclosed bracket.
        usual_name = "file"
    row = Filesystem(
        company_id=actor.company_id,
        user_id=actor.user_id,
        url=url,
        name=clean_name(values.get("name") or usual_name),
        attributes=values.get("attributes"),
    )
    file_quota.reserve(actor.company_id, 0)
    saving.store(row, actor=actor)
    return row


def _row_of(values: FileValues, *, actor: Actor) -> Filesystem:
    if "row" in values:
        return values["row"]
    upload = values.get("file")
    if (upload is None) == (not values.get("url")):
        raise ValidationError("Give a file or a url, and not both.")
    if not is_storable(values.get("attributes")):
        raise ValidationError({"attributes": [NOT_STORABLE]})
    if upload is None:
        return _keep_address(values, actor=actor)
    with within("file"):
        return store_file(upload, actor=actor, name=values.get("name"), attributes=values.get("attributes"))


def change_links(record: Any, values: FileRelations, *, actor: Actor) -> Changes:
    """Attach and detach files of a stored record; return the names before and after.

    A file takes the place of the one under the same field name; files that are not named stay.

    """
    if not values.get("files") and not values.get("detached_files"):
        return {}
    links = record.file_links
    present: dict[int, FileLink] = {link.pk: link for link in links.select_related("file").order_by("pk")}
    kept = {
        key: link for key, link in present.items() if link.file_id not in values.get("detached_files", ())
    }
    for index, item in enumerate(values.get("files") or []):
        with within(f"files.{index}"):
            row = _row_of(item, actor=actor)
            field_name = item.get("field_name") or None
            if any((link.file_id, link.field_name) == (row.pk, field_name) for link in kept.values()):
                continue
            link = links.model(company_id=record.company_id, file=row, field_name=field_name)
            setattr(link, links.field.name, record)
            saving.store(link, actor=actor)
        if field_name is not None:
            # A field of a record holds one file: a new one replaces it.
            kept = {key: other for key, other in kept.items() if other.field_name != field_name}
        kept[link.pk] = link
    links.filter(pk__in=present.keys() - kept.keys()).delete()
    if present.keys() == kept.keys():
        return {}
    return {"files": [_names(present), _names(kept)]}


def _names(links: Mapping[int, FileLink]) -> list[str]:
    return sorted(link.file.name for link in links.values())
