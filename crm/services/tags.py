"""Tags: found by name, created if missing, attached to records."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Required, TypedDict

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from crm.actors import Action, Actor
from crm.database.read_once import once
from crm.models.records import record_models
from crm.models.tags import LONGEST_SLUG, Tag, tag_slug
from crm.models.texts import stored_name_key
from crm.services import locking, saving, versions
from crm.services.slugs import free_slug
from crm.texts import is_blank, name_key

SLUG_TAKEN = "A tag of this slug exists already."
#: The length of the number that makes a slug unique.
LONGEST_ENDING = 10


class TagValues(TypedDict, total=False):
    """A tag of an input; ``tag`` is one that the caller has read already."""

    tag: Tag
    name: Required[str | None]
    slug: str | None
    weight: int | None
    is_feature: bool | None


def _assign(tag: Tag, values: TagValues) -> None:
    tag.name = values["name"] or ""
    # A renamed tag keeps its slug, by which integrations find it.
    tag.slug = tag_slug(values.get("slug") or "") or tag.slug
    if values.get("weight") is not None:
        tag.weight = values["weight"] or 0
    if values.get("is_feature") is not None:
        tag.is_feature = bool(values["is_feature"])


@saving.retried
@transaction.atomic
def create_tag(values: TagValues, *, actor: Actor) -> Tag:
    actor.require(Action.CHANGE_TAGS)
    # Names and slugs are taken one after the other.
    locking.lock_company(actor.company_id)
    tag = Tag(company_id=actor.company_id)
    _assign(tag, values)
    return save_tag(tag, actor=actor)


@saving.retried
@transaction.atomic
def update_tag(key: object, values: TagValues, *, actor: Actor) -> Tag:
    actor.require(Action.CHANGE_TAGS)
    saving.refuse_null(values, ["weight", "is_feature"])
    tag = locking.lock(Tag, actor, key)
    _assign(tag, values)
    return save_tag(tag, actor=actor)


@saving.retried
@transaction.atomic
def save_tag(tag: Tag, *, actor: Actor) -> Tag:
    """Validate and store a tag; a slug that is not given is made of the name."""
    actor.require(Action.CHANGE_TAGS)
    given = tag.slug
    if not given:
        _make_slug(tag, _taken_slugs([tag], actor))
    try:
        saving.store(tag, actor=actor)
    except saving.Clash:
        # The next try makes another slug.
        tag.slug = given
        raise
    return tag


@transaction.atomic
def delete_tag(key: object, *, actor: Actor) -> None:
    """Delete a tag, also from all records that have it."""
    actor.require(Action.CHANGE_TAGS)
    tag = locking.lock(Tag, actor, key)
    tagged = [(model, model._base_manager.filter(tags=tag)) for model in record_models()]
    # Read before the tag goes, which takes its links with it.
    keys = [(model, list(rows.values_list("pk", flat=True))) for model, rows in tagged]
    name = tag.name
    tag.delete()
    change = {"tags": [[name], []]}
    for model, of_model in keys:
        versions.count_versions(model, dict.fromkeys(of_model, change), actor=actor)


@saving.retried
def find_or_create(values: Iterable[TagValues], *, actor: Actor) -> list[Tag]:
    """Return the tags that the values mean; create the missing ones.

    A tag is known by its name, and by its slug only if the values hold one. Those that another input names
    already count once.

    :raises ValidationError: keyed ``tags.N.name`` or ``.slug`` if a name or slug cannot be stored.
    """
    given = list(values)
    # Within a batch: a name that was typed just so before.
    typed: dict[str | None, Tag] = once((actor.company_id, "tags as typed"), dict)
    if all(value.keys() == {"name"} and value["name"] in typed for value in given):
        return list(dict.fromkeys(typed[value["name"]] for value in given))
    wanted = [_wanted(index, value, actor) for index, value in enumerate(given)]
    known = _known(wanted, actor)
    if not known.covers(wanted):
        known = locking.find_locked(
            lambda: _known(wanted, actor), lambda found: found.covers(wanted), company_id=actor.company_id
        )
    found, missing = [], []
    for each in wanted:
        tag = known.find(each)
        if tag is None:
            known.add([each.tag])
            missing.append(each)
        found.append(tag or each.tag)
    _create(missing, actor)
    typed |= {value["name"]: tag for value, tag in zip(given, found, strict=True) if value.keys() == {"name"}}
    return list(dict.fromkeys(found))


@dataclass(frozen=True)
class _Wanted:
    """A tag of the input: new, or one that the caller has; ``slug`` finds it besides its name."""

    tag: Tag
    slug: str
    path: str


def _wanted(index: int, value: TagValues, actor: Actor) -> _Wanted:
    path = f"tags.{index}"
    known = value.get("tag")
    if known is not None:
        return _Wanted(known, known.slug, path)
    tag = Tag(company_id=actor.company_id)
    _assign(tag, value)
    if is_blank(tag.name):
        raise ValidationError({f"{path}.name": ["Give the tag a name."]})
    try:
        saving.validate_columns(tag)
    except ValidationError as refused:
        raise ValidationError(
            {f"{path}.{field}": messages for field, messages in refused.message_dict.items()}
        ) from refused
    # Spelled as slugs are, but with its signs: "c#" does not mean the tag of "c".
    return _Wanted(tag, "-".join(name_key(value.get("slug")).split()), path)


class _Known:
    """Tags by their names and slugs."""

    def __init__(self, tags: Iterable[Tag]) -> None:
        self._keys = {tag.pk: tag for tag in tags}
        self._names: dict[str, Tag] = {}
        self._slugs: dict[str, Tag] = {}
        self.add(tags)

    def add(self, tags: Iterable[Tag]) -> None:
        """Add further tags; those that are known already go first."""
        for tag in tags:
            self._names.setdefault(tag.name_key, tag)
            if tag.slug:
                self._slugs.setdefault(tag.slug, tag)

    def find(self, wanted: _Wanted) -> Tag | None:
        """Return the tag that is wanted: the caller's own, else that of the name, else that of the slug."""
        own = self._keys.get(wanted.tag.pk)
        return own or self._names.get(wanted.tag.name_key) or self._slugs.get(wanted.slug)

    def covers(self, wanted: Iterable[_Wanted]) -> bool:
        """Return whether all of these tags are known."""
        return all(self.find(each) is not None for each in wanted)


def _known(wanted: Sequence[_Wanted], actor: Actor) -> _Known:
    """Read the tags that may be meant."""
    asked = [each for each in wanted if each.tag._state.adding]
    known = _Known([each.tag for each in wanted if not each.tag._state.adding])
    if asked:
        names = {each.tag.name_key for each in asked}
        slugs = {each.slug for each in asked if each.slug}
        known.add(_read(names, slugs, actor))
    return known


def _read(names: set[str], slugs: set[str], actor: Actor) -> Iterable[Tag]:
    """Return the tags with one of these name keys or slugs; within a batch each name is read once."""
    kept = _kept(actor)
    if not slugs and names <= kept.keys():
        return [tag for name in names if (tag := kept[name]) is not None]
    rows = Tag.objects.visible_to(actor).filter(Q(name_key__in=names) | Q(slug__in=slugs)).order_by("pk")
    kept |= {tag.name_key: tag for tag in rows}
    return rows


def _kept(actor: Actor) -> dict[str, Tag | None]:
    """Return what name keys mean within a batch, None for a new tag; outside of one an empty object."""
    return once((actor.company_id, "tags"), dict)


def read_ahead(names: Iterable[str | None], *, actor: Actor) -> None:
    """Look for the tags of a batch by their names. The batch holds the lock of the company."""
    keys = {stored_name_key(name) for name in names} - {""}
    if keys:
        found = Tag.objects.visible_to(actor).filter(name_key__in=keys)
        _kept(actor).update({**dict.fromkeys(keys), **{tag.name_key: tag for tag in found}})


def lock_if_new(values: Iterable[TagValues] | None, *, actor: Actor) -> None:
    """Lock the company if one of these tags is to be created; call it before a record is locked."""
    named = [value for value in values or [] if "tag" not in value]
    keys = {stored_name_key(value.get("name")) for value in named} - {""}
    # Within a batch those of earlier rows are known.
    known = {name for name, tag in _kept(actor).items() if tag is not None}
    asked = keys - known
    if asked and Tag.objects.visible_to(actor).filter(name_key__in=asked).count() < len(asked):
        locking.lock_company(actor.company_id)


def _create(wanted: Sequence[_Wanted], actor: Actor) -> None:
    if not wanted:
        return
    actor.require(Action.CHANGE_TAGS)
    taken = _taken_slugs([each.tag for each in wanted], actor)
    # The given ones first: those that are made give way.
    for each in wanted:
        if each.tag.slug in taken:
            raise ValidationError({f"{each.path}.slug": [SLUG_TAKEN]})
        taken.add(each.tag.slug or None)
    for each in wanted:
        _make_slug(each.tag, taken)
    new = {each.tag.name_key: each.tag for each in wanted}
    kept = _kept(actor)
    for name in new:
        # Where the batch holds no lock, somebody else may have made it: then it is looked for again.
        kept.pop(name, None)
    saving.insert(list(new.values()))
    kept |= new


def _taken_slugs(tags: Iterable[Tag], actor: Actor) -> set[str | None]:
    """Return the slugs of the company that the tags could get, or have got from the input."""
    alike = Q(pk__in=[])
    for tag in tags:
        slug = tag.slug or tag_slug(tag.name)
        # Room for a number: a slug of the greatest length is cut for it.
        alike |= Q(slug__startswith=slug[: LONGEST_SLUG - LONGEST_ENDING])
    return set(Tag.objects.visible_to(actor).filter(alike).values_list("slug", flat=True))


def _make_slug(tag: Tag, taken: set[str | None]) -> None:
    """Set the slug of a tag that has none."""
    tag.slug = tag.slug or free_slug(tag_slug(tag.name), taken, longest=LONGEST_SLUG)
    taken.add(tag.slug)
