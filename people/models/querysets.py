"""Query sets of people and organizations."""

from collections.abc import Iterable
from typing import Any, Self, TypeVar

from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from crm.actors import Actor
from crm.models.base import pick
from crm.models.companies import region_of
from crm.models.lifecycle import LiveQuerySet
from crm.models.texts import stored_name_key
from people.models.searches import search_words

Row = TypeVar("Row", bound=models.Model)


class SearchedQuerySet(LiveQuerySet[Row]):
    def search(self, text: str, actor: Actor) -> Self:
        """Narrow to the rows that contain every word of the text, ignoring case.

        Phone numbers are found in every spelling by the region of the actor's company.
        """
        return self.holding(search_words(text, region_of(actor)))

    def holding(self, words: Iterable[Iterable[Any]]) -> Self:
        """Narrow to the rows that contain one of the alternatives of every word.

        :param words: as ``search_words`` returns them; a compiled read passes parameters instead of texts.
        """
        found = self
        for spellings in words:
            held = Q()
            for spelling in spellings:
                held |= Q(search_text__holds=spelling)
            found = found.filter(held)
        return found


class MergeableQuerySet(SearchedQuerySet[Row]):
    """Rows that may have been merged into others."""

    def winner_of(self, key: object) -> int:
        """Return the primary key of the row that this one ended in, through all later merges.

        :raises NotFound: if no such row was merged.
        """
        row: Any = pick(self.exclude(merged_into=None), key)
        while row.merged_into_id is not None:
            row = self.model._base_manager.only("merged_into").get(pk=row.merged_into_id)
        return int(row.pk)


class NamedQuerySet(MergeableQuerySet[Row]):
    def named(self, name: str) -> Self:
        """Narrow to the rows with this name, whatever its case and spelling, the oldest first."""
        key = stored_name_key(name)
        return self.filter(name_key=key).order_by("pk") if key else self.none()


class PersonQuerySet(MergeableQuerySet[Row]):
    def with_main_phone(self) -> Self:
        """Add ``main_phone``: the first contact of kind phone, else cellphone, by weight."""
        contact: Any = self.model._meta.get_field("contacts").related_model
        contacts = contact.objects.filter(person=OuterRef("pk"))
        phone, cellphone = (
            Subquery(contacts.filter(type__kind=kind).order_by("weight", "pk").values("value")[:1])
            for kind in ("PHONE", "CELLPHONE")
        )
        return self.annotate(main_phone=Coalesce(phone, cellphone))
