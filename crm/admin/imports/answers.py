"""The answers that a refusal of a file asks for, as buttons: a person chooses by what is written there."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

from django.http import QueryDict
from django.utils.translation import gettext

from crm.admin.imports.forms import ReadingForm
from crm.admin.imports.words import FIELDS
from crm.admin.labels import NONE
from crm.importing.full_names import parted_name
from crm.importing.options import NameOrder

#: What a button sends: the field and its value.
ANSWER = "answer"
_READING = re.compile(r"^  --encoding (\S+): (.*?)(?: \(so do [^()]*\))?$", re.MULTILINE)
_CHOICE = re.compile(r"--(date-format|name-order|decimal) ([^\s.]\S*[^\s.]|[.,])")


@dataclass(frozen=True)
class Answer:
    """A value for one field of the form, with the words to choose it by; ``about`` says what it is called."""

    field: str
    value: str
    words: str
    about: str = ""
    #: How values of the file would be read by it.
    examples: Sequence[str] = ()

    @property
    def sent(self) -> str:
        return f"{self.field}={self.value}"


def answers_to(message: str) -> list[Answer]:
    """Return what a refusal offers to choose from; empty where something has to be typed."""
    readings = [Answer("encoding", name, text, name) for name, text in _READING.findall(message)]
    return readings or list(dict.fromkeys(_choices(message)))


def _choices(message: str) -> Iterator[Answer]:
    for option, value in _CHOICE.findall(message):
        name, _ = FIELDS[option]
        words = dict(getattr(ReadingForm.base_fields[name], "choices", ()))
        yield Answer(name, value, str(words.get(value, value)))


def with_names(answers: Iterable[Answer], names: Sequence[str]) -> list[Answer]:
    """Return the answers, those about the order of names with how it would part some names of the file."""
    return [
        replace(each, examples=[_parted(name, cast(NameOrder, each.value)) for name in names])
        if each.field == "name_order"
        else each
        for each in answers
    ]


def _parted(name: str, order: NameOrder) -> str:
    parts = parted_name(name, ("first", "last"), order)
    said = gettext("first name %(first)s, last name %(last)s")
    return said % {"first": parts.get("first", NONE), "last": parts.get("last", NONE)}


def with_answer(data: QueryDict) -> QueryDict:
    """Return the fields of the form with the answer that was chosen."""
    name, equals, value = data.get(ANSWER, "").partition("=")
    if not equals or name not in ReadingForm.base_fields:
        return data
    answered = data.copy()
    answered[name] = value
    return answered
