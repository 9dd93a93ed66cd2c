"""Change the tags of many people or organizations at once."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from crm.actors import Action, Actor
from crm.admin.many import ChangesMany, ManyForm
from crm.admin.tag_fields import TagsForm
from crm.models.history import HistoryEntry
from crm.services import locking, tags
from crm.services.bulk import BulkResult, for_each
from crm.services.bulk_undo import previous_tags, undo_life


class ChangesTags(ChangesMany):
    """Mixin of the lists of people and of organizations."""

    many_form: type[ManyForm] = TagsForm  # type: ignore[misc]  # of the class, as declared above
    #: Takes the key of a row and its input.
    update_service: ClassVar[Callable[..., Any]]

    def change_many(self, keys: Sequence[object], form: TagsForm, *, actor: Actor) -> BulkResult:
        actor.require(Action.CHANGE_PEOPLE)
        change = form.tag_change()

        def change_one(key: object) -> bool:
            tags.lock_if_new(change.applied_to(()), actor=actor)
            row = locking.lock(self.model, actor, key)
            changed = self.update_service(row.pk, change.values(row), actor=actor)
            return bool(changed.version != row.version)

        return for_each(keys, change_one)

    def undo_change(self, key: object, entry: HistoryEntry, *, actor: Actor) -> None:
        actor.require(Action.CHANGE_PEOPLE)
        if not undo_life(entry, key, delete=self.delete_service, restore=self.restore_service, actor=actor):
            self.update_service(key, previous_tags(entry), actor=actor)
