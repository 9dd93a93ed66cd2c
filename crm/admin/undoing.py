"""Undo of the bulk changes of a list page, for an hour, by the member who made them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import model_ngettext
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_POST

from crm.actors import Actor
from crm.admin.acting import act_as
from crm.admin.base import acting
from crm.admin.frame.fragments import back_to, message_with_undo
from crm.admin.lifecycle import LiveAdmin
from crm.languages.messages import translated
from crm.models.history import HistoryEntry
from crm.services.bulk import Refusal
from crm.services.bulk_undo import changing, is_recorded, new_change, undo_batch

SALT = "crm.admin.undoing"
#: Seconds for which a change can be undone.
LIFETIME = 3600
#: Records that one request undoes, as many as one changes.
BATCH = 200
#: Records that the message names.
NAMED = 5


class UndoesMany(LiveAdmin[Any]):
    """Mixin: bulk changes of the list of a kind of records can be undone."""

    def undo_change(self, key: object, entry: HistoryEntry, *, actor: Actor) -> None:
        """Restore what a record had before an entry of its history; each kind by its own services."""
        raise NotImplementedError

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.undo_many))
        return [path("undo/", view, name=self._name_of_undo()), *super().get_urls()]

    def _name_of_undo(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_undo_many"

    def offer_undo(self, request: HttpRequest, text: str, change: str, after: int = 0) -> None:
        """Add the message of a bulk change, with a button that undoes it."""
        actor = acting(request)
        whose = [self.opts.label, actor.company_id, actor.user_id]
        signed = signing.dumps({"change": change, "whose": whose, "after": after}, salt=SALT)
        address = reverse(f"admin:{self._name_of_undo()}")
        here = request.POST.get("next") or request.get_full_path()
        message_with_undo(request, text, address, {"change": signed, "next": here})

    def undo_many(self, request: HttpRequest) -> HttpResponse:
        """Undo a bulk change, or the next part of a large one, and lead back to the list."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        actor = acting(request)
        otherwise = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        try:
            asked = signing.loads(request.POST.get("change", ""), salt=SALT, max_age=LIFETIME)
        except signing.BadSignature:
            asked = {"whose": None}
        if asked["whose"] != [self.opts.label, actor.company_id, actor.user_id]:
            self.message_user(request, gettext("This can no longer be undone here."), messages.ERROR)
            return back_to(request, otherwise)

        def undo_one(key: object, entry: HistoryEntry) -> None:
            self.undo_change(key, entry, actor=actor)

        result, last = undo_batch(
            self.model, asked["change"], undo_one, actor=actor, after=asked["after"], most=BATCH
        )
        if result.refused:
            self.message_user(request, self._stayed(result.refused, actor), messages.WARNING)
        done = ngettext("%(rows)s is as it was before.", "%(rows)s are as they were before.", result.done) % {
            "rows": f"{result.done} {model_ngettext(self.opts, result.done)}"
        }
        if result.done + result.refused_count == BATCH:
            further = gettext("Undo again for the others.")
            self.offer_undo(request, f"{done} {further}", asked["change"], last)
        elif result.done:
            self.message_user(request, done, messages.SUCCESS)
        return back_to(request, otherwise)

    def _stayed(self, refused: Sequence[Refusal], actor: Actor) -> str:
        keys = [int(each.id) for each in refused[:NAMED]]
        # Who may not see a record any more must not read its name either.
        model: Any = self.model
        seen = model.objects.visible_to(actor).in_bulk(keys)
        named = "; ".join(
            f"{seen.get(int(each.id), each.id)}: {translated(each.message)}" for each in refused[:NAMED]
        )
        count = len(refused)
        stay = ngettext(
            "%(count)s record stays as it is now. %(named)s",
            "%(count)s records stay as they are now. %(named)s",
            count,
        )
        return stay % {"count": count, "named": named}

    def for_each(
        self, request: HttpRequest, rows: Iterable[Any], act: Callable[[Any], object], *, done: str
    ) -> None:
        change = new_change()
        vars(request)["bulk_change"] = change
        act_as(request, changing(acting(request), change))
        super().for_each(request, rows, act, done=done)

    def report_done(self, request: HttpRequest, text: str) -> None:
        change = vars(request).get("bulk_change")
        if change is not None and is_recorded(self.model, change, actor=acting(request)):
            self.offer_undo(request, text, change)
        else:
            super().report_done(request, text)
