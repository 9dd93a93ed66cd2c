"""Set the tags of a record."""

from collections.abc import Sequence
from functools import cache

from django.db.models import Model

from crm.caps import TAGS
from crm.database.inserts import insert_all
from crm.database.new_rows import new_row
from crm.database.rows_ahead import kept_list
from crm.models.tags import Tag, Tagged
from crm.services.history import Changes


def replace_tags(record: Tagged, tags: Sequence[Tag], *, is_new: bool = False) -> Changes:
    """Set the tags of a record; return their names before and after if they changed.

    :param is_new: whether the record was just made, so that it has none.
    """
    present = {} if is_new else _present(record)
    wanted = {tag.pk: tag.name for tag in tags}
    # No statement and no history entry for the same tags.
    if present.keys() == wanted.keys():
        return {}
    TAGS.check(before=len(present), after=len(wanted), field="tags")
    gone = present.keys() - wanted.keys()
    if gone:
        record.tags.remove(*gone)
    link = type(record).tags.through
    own = _key_of(link, type(record))
    insert_all([new_row(link, **{own: record.pk, "tag_id": key}) for key in wanted if key not in present])
    return {"tags": [sorted(present.values()), sorted(wanted.values())]}


def _present(record: Tagged) -> dict[int, str]:
    """Return the names of the tags of a stored record by key."""
    kept = kept_list(record, "tags")
    if kept is None:
        return dict(record.tags.values_list("pk", "name"))
    return {tag.pk: tag.name for tag in kept}


@cache
def _key_of(link: type[Model], model: type[Tagged]) -> str:
    """Return the column of the links between tags and records that holds the key of the record."""
    [own] = (field.attname for field in link._meta.concrete_fields if field.related_model is model)
    return str(own)
