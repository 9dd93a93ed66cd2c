"""The posted rows of an inline, put over the rows that are stored now."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from django.http import QueryDict

from crm.admin.stale.posted import Fields, is_equal, typed_in, words_of

#: As many as Django reads of a form.
MOST_ROWS = 1_000
#: The posted values of one row, by the ends of their names.
Typed: TypeAlias = dict[str, list[str]]


def row_numbers(data: QueryDict, prefix: str) -> range:
    """Return the numbers of the rows of an inline in a posted form."""
    total = data.get(f"{prefix}-TOTAL_FORMS", "")
    return range(min(int(total), MOST_ROWS) if total.isdecimal() and len(total) < 9 else 0)


class PostedRows:
    """The rows of one inline in a posted form; ``known`` are those that were stored, by their keys."""

    def __init__(self, data: QueryDict, formset: Any) -> None:
        self.prefix, self.pk = formset.prefix, formset.model._meta.pk.name
        self.known: dict[str, Typed] = {}
        self.new: list[Typed] = []
        for number in row_numbers(data, self.prefix):
            start = f"{self.prefix}-{number}-"
            typed = {name.removeprefix(start): data.getlist(name) for name in data if name.startswith(start)}
            key = "".join(typed.pop(self.pk, []))
            if key:
                self.known[key] = typed
            else:
                self.new.append(typed)

    def write(self, data: QueryDict, rows: Sequence[tuple[str, Typed]], new: Sequence[Typed]) -> None:
        """Replace the rows of a posted form by others: stored ones with their keys, and new ones."""
        for name in [name for name in data if name.startswith(f"{self.prefix}-")]:
            if name.removeprefix(f"{self.prefix}-").partition("-")[0].isdecimal():
                del data[name]
        for number, (key, typed) in enumerate([*rows, *(("", each) for each in new)]):
            data[f"{self.prefix}-{number}-{self.pk}"] = key
            for ending, texts in typed.items():
                data.setlist(f"{self.prefix}-{number}-{ending}", texts)
        data[f"{self.prefix}-TOTAL_FORMS"] = str(len(rows) + len(new))
        data[f"{self.prefix}-INITIAL_FORMS"] = str(len(rows))


def flat(fields: Fields) -> Typed:
    return {name + ending: [*texts] for name, each in fields.items() for ending, texts in each.items()}


def is_changed(typed: Typed, before: Fields | None, fields: Mapping[str, Any]) -> bool:
    """Return whether the values of a row were typed over since the page showed them."""
    data = QueryDict(mutable=True)
    for ending, texts in typed.items():
        data.setlist(ending, texts)
    return before is None or any(
        not is_equal(typed_in(data, name, fields[name]), each)
        for name, each in before.items()
        if name in fields
    )


def row_words(fields: Mapping[str, Any], values: Fields) -> str:
    """Return a row in one line."""
    words = (
        words_of(fields[name], each) for name, each in values.items() if name in fields and any(each.values())
    )
    return ", ".join(word for word in words if word)
