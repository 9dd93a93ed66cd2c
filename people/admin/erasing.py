"""The admin action that erases people for good."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from crm.actors import Action
from crm.admin.acting import actor_of
from crm.admin.base import acting
from crm.admin.forms import message_of
from crm.admin.lifecycle import LiveAdmin
from crm.errors import CrmError
from people.services.erasing import erase_person

ERASE = "erase_selected"
#: Each reads the tables of the company: more belong into the command.
MOST_ERASED = 10


class ErasesPeople(LiveAdmin[Any]):
    """Mixin: adds an action that erases the selected people, once it is confirmed."""

    def has_erase_permission(self, request: HttpRequest) -> bool:
        """Return whether the actor may erase, which Django asks for the action."""
        actor = actor_of(request)
        return actor is not None and actor.may(Action.ERASE)

    @admin.action(permissions=["erase"], description=_("Erase selected %(verbose_name_plural)s for good"))
    def erase_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> TemplateResponse | None:
        """Ask first; erase once the page is confirmed."""
        rows = list(queryset.order_by("pk")[: MOST_ERASED + 1])
        if len(rows) > MOST_ERASED:
            self.message_user(
                request,
                gettext("Choose at most %(most_erased)s to erase.") % {"most_erased": MOST_ERASED},
                messages.ERROR,
            )
            return None
        if not request.POST.get("post"):
            context = {
                **self.admin_site.each_context(request),
                "title": gettext("Erase %(verbose_name_plural)s for good")
                % {"verbose_name_plural": self.opts.verbose_name_plural},
                "opts": self.opts,
                "rows": rows,
            }
            return TemplateResponse(request, "admin/people/erase.html", context)
        for row in rows:
            try:
                # In English: the audit list keeps what was counted.
                with override("en"):
                    counts = erase_person(row.pk, actor=acting(request))
            except (ValidationError, CrmError) as refused:
                self.message_user(request, message_of(refused), messages.ERROR)
                return None
            told = ", ".join(_counted(number, what) for what, number in counts.items())
            self.message_user(
                request,
                gettext("Erased person %(pk)s: %(told)s.") % {"pk": row.pk, "told": told},
                messages.SUCCESS,
            )
        return None


def _counted(number: int, what: str) -> str:
    """Return what became of some rows, such as "3 contacts removed", in the language of the page."""
    rows, _space, became = what.rpartition(" ")
    named = {"number": number, "rows": gettext(rows)}
    if became == "removed":
        return gettext("%(number)s %(rows)s removed") % named
    if became == "emptied":
        return gettext("%(number)s %(rows)s emptied") % named
    return f"{number} {gettext(what)}"
