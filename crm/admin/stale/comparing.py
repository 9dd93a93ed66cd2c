"""Compare what a page showed, what was typed into it, and what is stored now."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.forms import Field
from django.http import QueryDict
from django.utils.text import capfirst
from django.utils.translation import gettext

from crm.admin.stale.posted import Fields, Posted, is_equal, put_into, typed_in, words_of
from crm.admin.stale.rows import PostedRows, Typed, flat, is_changed, row_words
from crm.admin.stale.shown import Shown, own_fields
from crm.services.latest_changes import Change, change_of

#: Parts the prefix of an inline, the key of a row and the name of a field.
BETWEEN = ":"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A change of a field or row.

    ``key`` is that of the field to choose; where nothing is left to choose it is empty, and ``outcome`` says
    what became of it.
    """

    label: str
    mine: str = ""
    theirs: str
    before: str | None = None
    change: Change | None
    key: str = ""
    outcome: str = ""


class Comparison:
    """Puts a posted form over the stored rows, and lists the differences.

    Afterwards ``data`` is the form to show again: what was typed, and what only others changed.

    :param before: what the page showed; None if that is not known.
    :param unanswered: fields that were to be chosen and were not, with what they held before.
    """

    def __init__(
        self,
        data: QueryDict,
        form: Any,
        formsets: Sequence[Any],
        *,
        before: Shown | None,
        theirs: Shown,
        changes: Sequence[Change],
        unanswered: Mapping[str, Posted | None],
    ) -> None:
        self.data = data
        self.differences: list[Difference] = []
        #: The fields that are to be chosen, with what they held before.
        self.open: dict[str, Posted | None] = {}
        self._before, self._theirs, self._changes, self._unanswered = before, theirs, changes, unanswered
        for name, values in theirs.fields.items():
            self._compare([name], form.fields[name], name, values, changed_as=form.name_in_history(name))
        for formset in formsets:
            self._compare_rows(formset)

    def _compare(
        self,
        path: Sequence[str],
        field: Field,
        posted_as: str,
        theirs: Posted,
        *,
        changed_as: str,
        row: str = "",
    ) -> None:
        key = BETWEEN.join(path)
        before = None if self._before is None else self._before.find(path)
        mine = typed_in(self.data, posted_as, field)
        if key in self._unanswered:
            before = self._unanswered[key]
        elif self._before is not None and before is None:
            # The page did not have this field, such as one that was defined meanwhile.
            put_into(self.data, posted_as, theirs)
            return
        if is_equal(mine, theirs) or (before is not None and is_equal(before, theirs)):
            return
        is_typed = before is None or not is_equal(mine, before)
        if is_typed:
            self.open[key] = before
        else:
            put_into(self.data, posted_as, theirs)
        label = str(field.label or path[-1])
        self._add(
            f"{row}: {label}" if row else label,
            changed_as,
            words_of(field, theirs),
            mine=words_of(field, mine),
            before=None if before is None else words_of(field, before),
            key=key if is_typed else "",
            outcome="" if is_typed else gettext("Only they changed it: it is in the form below."),
        )

    def _add(self, label: str, changed_as: str, theirs: str, **others: Any) -> None:
        change = change_of(changed_as, self._changes)
        self.differences.append(Difference(label=label, theirs=theirs, change=change, **others))

    def _compare_rows(self, formset: Any) -> None:
        posted, stored = PostedRows(self.data, formset), self._theirs.inlines[formset.prefix]
        before = None if self._before is None else self._before.inlines.get(formset.prefix, {})
        fields, title = formset.empty_form.fields, capfirst(str(formset.model._meta.verbose_name))
        if not posted.known and not posted.new and f"{formset.prefix}-TOTAL_FORMS" not in self.data:
            return
        gone = self._gone(posted, stored, before, fields, title, formset.prefix)
        _pk, parent = own_fields(formset)
        rows: list[tuple[str, Typed]] = []
        for form in formset.initial_forms:
            key = str(form.instance.pk)
            typed = posted.known.get(key)
            if typed is None:
                typed = flat(stored[key])
                words = row_words(fields, stored[key])
                outcome = gettext("They added it: it is in the form below.")
                self._add(title, formset.prefix, words, outcome=outcome)
            elif "DELETE" in typed and is_changed(flat(stored[key]), (before or {}).get(key), fields):
                typed = flat(stored[key])
                outcome = gettext(
                    "You wanted to delete it. It was changed, and is still there: delete it again."
                )
                self._add(title, formset.prefix, row_words(fields, stored[key]), outcome=outcome)
            typed[parent] = [str(formset.instance.pk)]
            if "version" in form.fields:
                typed["version"] = [str(form.instance.version)]
            rows.append((key, typed))
        posted.write(self.data, rows, [*gone, *posted.new])
        for number, (key, typed) in enumerate(rows):
            for name, values in stored[key].items() if "DELETE" not in typed else ():
                self._compare(
                    [formset.prefix, key, name],
                    fields[name],
                    f"{formset.prefix}-{number}-{name}",
                    values,
                    changed_as=formset.prefix,
                    row=title,
                )

    def _gone(
        self,
        posted: PostedRows,
        stored: Mapping[str, Fields],
        before: Mapping[str, Fields] | None,
        fields: Mapping[str, Any],
        title: str,
        prefix: str,
    ) -> list[Typed]:
        """Return the rows that others deleted and that were typed over, as new rows."""
        kept = []
        for key, typed in posted.known.items():
            if key in stored or "DELETE" in typed:
                continue
            shown = (before or {}).get(key)
            outcome = gettext("They deleted it.")
            if is_changed(typed, shown, fields):
                typed.pop("version", None)
                kept.append(typed)
                outcome = gettext(
                    "They deleted it. What you typed is kept as a new line: delete it if it is not needed."
                )
            self._add(
                title,
                prefix,
                gettext("Deleted"),
                before=None if shown is None else row_words(fields, shown),
                outcome=outcome,
            )
        return kept

    def dumped(self) -> str:
        return json.dumps(self.open, ensure_ascii=False)
