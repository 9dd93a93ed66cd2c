"""Tags: found by slug, created if missing, attached to records."""

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Required, TypedDict

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import BooleanField, ExpressionWrapper, Q

from crm.actors import Action, Actor
from crm.database.patterns import as_pattern
from crm.models.tags import Tag, Tagged, tag_slug
from crm.services import locking, saving
from crm.services.history import Changes


class TagValues(TypedDict, total=False):
    name: Required[str | None]
    slug: str | None
    weight: int | None
    is_feature: bool | None


def _assign(tag: Tag, values: TagValues) -> None:
    tag.name = values["name"] or ""
    # A renamed tag keeps its slug, by which integrations find it.
    tag.slug = tag_slug(values.get("slug") or tag.slug or tag.name)
    if values.get("weight") is not None:
        tag.weight = values["weight"] or 0
    if values.get("is_feature") is not None:
        tag.is_feature = bool(values["is_feature"])


def create_tag(values: TagValues, *, actor: Actor) -> Tag:
    tag = Tag(company_id=actor.company_id)
    _assign(tag, values)
    return save_tag(tag, actor=actor)


@transaction.atomic
def update_tag(key: object, values: TagValues, *, actor: Actor) -> Tag:
    actor.require(Action.CHANGE_TAGS)
    saving.refuse_null(values, ["weight", "is_feature"])
    tag = locking.lock(Tag, actor, key)
    _assign(tag, values)
    return save_tag(tag, actor=actor)


@transaction.atomic
def save_tag(tag: Tag, *, actor: Actor) -> Tag:
    """Validate and store a tag."""
    actor.require(Action.CHANGE_TAGS)
    saving.store(tag, actor=actor)
    return tag


@transaction.atomic
def delete_tag(key: object, *, actor: Actor) -> None:
    """Delete a tag, also from all records that have it."""
    actor.require(Action.CHANGE_TAGS)
    locking.lock(Tag, actor, key).delete()


def find_or_create(values: Iterable[TagValues], *, actor: Actor) -> list[Tag]:
    """Return the tags with these names or slugs; create the missing ones.

    Those that another input names already count once.

    :raises ValidationError: keyed ``tags.N.name`` if a name is empty or too long.
    """
    wanted: dict[str, Tag] = {}
    paths: dict[str, str] = {}
    for index, value in enumerate(values):
        name = (value.get("name") or "").strip()
        if not name:
            raise ValidationError({f"tags.{index}.name": ["Give the tag a name."]})
        tag = Tag(company_id=actor.company_id)
        _assign(tag, {**value, "name": name})
        wanted.setdefault(tag.slug, tag)
        paths.setdefault(tag.slug, f"tags.{index}.name")
    if not wanted:
        return []
    known = {tag.slug: tag for tag in Tag.objects.visible_to(actor).filter(slug__in=wanted)}
    missing = {slug: tag for slug, tag in wanted.items() if slug not in known}
    # A tag that was given a slug of its own is still known by its name.
    known |= _namesakes(missing, actor)
    made: dict[str, Tag] = {}
    for slug, tag in missing.items():
        if slug in known:
            continue
        actor.require(Action.CHANGE_TAGS)
        try:
            saving.validate_columns(tag)
        except ValidationError as refused:
            raise ValidationError({paths[slug]: refused.messages}) from refused
        known[slug] = made.setdefault(tag.name.lower(), tag)
    saving.insert(list(made.values()))
    return list(dict.fromkeys(known[slug] for slug in wanted))


def _namesakes(tags: Mapping[str, Tag], actor: Actor) -> dict[str, Tag]:
    """Return existing tags with the names of the given ones, ignoring case, by the keys of the given ones."""
    if not tags:
        return {}
    alike = {f"alike_{place}": Q(name__like=as_pattern(tag.name)) for place, tag in enumerate(tags.values())}
    found = Tag.objects.visible_to(actor).filter(reduce(or_, alike.values()))
    conditions = {name: ExpressionWrapper(each, BooleanField()) for name, each in alike.items()}
    rows = list(found.annotate(**conditions).order_by("pk"))
    # Of several, the oldest.
    rows.reverse()
    return {slug: row for slug, name in zip(tags, alike, strict=True) for row in rows if getattr(row, name)}


def replace(record: Tagged, tags: Sequence[Tag]) -> Changes:
    """Set the tags of a record; return their names before and after if they changed."""
    present = dict(record.tags.values_list("pk", "name"))
    wanted = {tag.pk: tag.name for tag in tags}
    # No statement and no history entry for the same tags.
    if present.keys() == wanted.keys():
        return {}
    record.tags.remove(*(present.keys() - wanted.keys()))
    record.tags.add(*(wanted.keys() - present.keys()))
    return {"tags": [sorted(present.values()), sorted(wanted.values())]}
