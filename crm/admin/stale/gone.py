"""A form of a record that is gone by the time it is saved: what was typed comes back, and can be kept."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext

from crm.admin.base import acting
from crm.admin.forms import CARRIED, message_of
from crm.admin.frame.fragments import is_fragment
from crm.admin.stale.posted import is_equal, typed_in, words_of
from crm.admin.stale.rows import PostedRows, is_changed
from crm.admin.stale.shown import read_shown
from crm.admin.writing import WritesThroughService
from crm.database.keys import parse_id
from crm.errors import CrmError

Row = TypeVar("Row", bound=Model)
#: The button that restores a record and saves the same form.
RESTORE = "_restore"
#: About the letters of a line, and the most lines of an input.
LINE, MOST_LINES = 80, 12
#: What a form sends about itself.
OF_FORM = frozenset({*CARRIED, "csrfmiddlewaretoken", "next", "beside", RESTORE})


@dataclass(frozen=True)
class Typed:
    """A field that was typed over, as people read it."""

    label: str
    text: str

    @property
    def lines(self) -> int:
        """Return how many lines an input of this text is high."""
        return min(MOST_LINES, self.text.count("\n") + 1 + len(self.text) // LINE)


class KeepsTyped(WritesThroughService[Row]):
    """Mixin: a form of a record that others deleted or merged is answered with what was typed into it."""

    restore_service: ClassVar[Any]

    def answer_gone(
        self,
        request: HttpRequest,
        object_id: str,
        names: Sequence[str] | None = None,
        *,
        typed: Sequence[Typed] | None = None,
    ) -> HttpResponse | None:
        """Show what was typed into the form of a record that is gone.

        Return None if the form can be saved after all, since it asked to restore the record first.

        :param names: of the fields of the form; all, if they are not given.
        :param typed: what was typed into another form than that of the record, such as a note.
        """
        row = self._deleted(request, unquote(object_id))
        winner = None if row is None else self._winner(request, row)
        may_restore = row is not None and winner is None and self.has_delete_permission(request)
        if may_restore and row is not None and RESTORE in request.POST:
            try:
                self.restore_service(row.pk, actor=acting(request))
            except (ValidationError, CrmError) as refused:
                self.message_user(request, message_of(refused), messages.ERROR)
            else:
                return None
        kind = str(self.opts.verbose_name)
        context = {
            "title": gettext("This %(kind)s is gone") % {"kind": kind},
            "kind": kind,
            "is_deleted": row is not None,
            "winner": winner,
            "winner_address": "" if winner is None else self._page_address("change", winner.pk),
            "typed": list(self._typed(request, row, names)) if typed is None else typed,
            "may_restore": may_restore and names is None,
            "sent": _sent_again(request.POST),
            "restore": RESTORE,
            "list_address": self._page_address("changelist"),
        }
        if is_fragment(request):
            # With a status that htmx shows: as any other refusal of a form.
            return TemplateResponse(request, "admin/crm/gone.html", context)
        shared = {**self.admin_site.each_context(request), "opts": self.opts}
        return TemplateResponse(request, "admin/crm/gone_page.html", {**shared, **context}, status=404)

    def _page_address(self, page: str, *arguments: object) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}", args=arguments)

    def _deleted(self, request: HttpRequest, object_id: str) -> Any:
        """Return a deleted row that the actor would see if it was restored."""
        model: Any = self.model
        key = parse_id(object_id)
        rows = model.objects.with_deleted_for(acting(request)).exclude(deleted_at=None)
        return None if key is None else rows.filter(pk=key).first()

    def _winner(self, request: HttpRequest, row: Any) -> Any:
        """Return the record that a deleted one was merged into, if the actor sees it."""
        model: Any = self.model
        seen = set()
        while getattr(row, "merged_into_id", None) is not None and row.pk not in seen:
            seen.add(row.pk)
            row = row.merged_into
        return model.objects.visible_to(acting(request)).filter(pk=row.pk).first() if seen else None

    def _typed(self, request: HttpRequest, row: Any, names: Sequence[str] | None) -> Iterator[Typed]:
        data = request.POST
        shown = read_shown(data.get("seen", ""))
        fields: Mapping[str, Any] = self.get_form(request, row, change=row is not None).base_fields
        # The labels of choices are those that the actor sees.
        for name, field in fields.items():
            if name in OF_FORM or (names is not None and name not in names):
                continue
            values = typed_in(data, name, field)
            before = None if shown is None else shown.fields.get(name)
            if any(values.values()) and (before is None or not is_equal(values, before)):
                yield Typed(capfirst(str(field.label or name)), words_of(field, values))
        if names is None:
            yield from self._typed_rows(request, row)

    def _typed_rows(self, request: HttpRequest, row: Any) -> Iterator[Typed]:
        shown = read_shown(request.POST.get("seen", ""))
        for made, inline in self.get_formsets_with_inlines(request, row):
            formset = made(
                prefix=made.get_default_prefix(), instance=row, queryset=inline.get_queryset(request).none()
            )
            fields = formset.empty_form.fields
            before = {} if shown is None else shown.inlines.get(formset.prefix, {})
            posted = PostedRows(request.POST, formset)
            changed = [
                each for key, each in posted.known.items() if is_changed(each, before.get(key), fields)
            ]
            for each in (*changed, *posted.new):
                data = QueryDict(mutable=True)
                for name, texts in each.items():
                    data.setlist(name, texts)
                words = [
                    text
                    for name, field in fields.items()
                    if name not in OF_FORM
                    and name != formset.fk.name
                    # What nobody typed: a choice that a new line begins with.
                    and field.initial != data.get(name)
                    and (text := words_of(field, typed_in(data, name, field)))
                    and name != "DELETE"
                ]
                if words:
                    yield Typed(capfirst(str(made.model._meta.verbose_name)), ", ".join(words))


def _sent_again(data: QueryDict) -> list[tuple[str, str]]:
    """Return the fields of a form as hidden inputs send them again."""
    again = ((name, text) for name, texts in data.lists() for text in texts)
    return [(name, text) for name, text in again if name not in ("csrfmiddlewaretoken", RESTORE)]
