"""Reads the titles of columns that neither we nor a known product write so.

Titles are compared by their words: ``Email_Address``, ``emailAddress`` and ``E-mail address`` are one. Words
that only say whose value it is, or which of several, do not count: ``Person - City`` and ``address[city]``
are ``city``.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from crm.importing.products.catalog import common_titles
from crm.models.imports import ImportKind
from crm.texts import name_key

#: What a column with the whole name of a person means; it is parted into several fields.
FULL_NAME = "full_name"
#: A name that is the part which no other column holds, and the whole name where none holds a part.
ANY_NAME = "any_name"
#: Fields that nearly every kind of thing has: they count only if a title says nothing but whose they are.
OF_ANYTHING = {FULL_NAME, ANY_NAME, "name", "title"}
OF_CONTACTS = frozenset({"firstname", "lastname", "email", "phone", "organization"})
_CAMEL_CASE = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])")
_BETWEEN_WORDS = re.compile(r"[\W_]+")


@dataclass(frozen=True, kw_only=True)
class Qualifiers:
    """Words before the word that says what a column holds.

    ``own`` name the record itself, ``plain`` one of several values, ``contact`` the person of a lead, of whom
    only the fields of contact data are taken.
    """

    own: frozenset[str]
    plain: frozenset[str]
    contact: frozenset[str] = frozenset()


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PERSONS = _words(
    "person people contact contacts customer client attendee participant invitee recipient respondent"
    " subscriber member guest your kontakt kunde kunden teilnehmer"
    " ansprechpartner contacto cliente contatto"
)
_PLAIN = _words("primary main default principal principale haupt")
_AT_WORK = _words("business work office geschäftlich arbeit trabajo lavoro travail")
#: Those that may also follow it, as in "Phone (work)".
AFTER = _PLAIN | _AT_WORK
_PLACES = _AT_WORK | _words("mailing postal billing address anschrift postanschrift rechnungsanschrift")
QUALIFIERS: Mapping[ImportKind, Qualifiers] = {
    ImportKind.PEOPLE: Qualifiers(own=_PERSONS, plain=_PLAIN | _PLACES | {"name"}),
    ImportKind.ORGANIZATION: Qualifiers(
        own=_words(
            "organization organisation company account customer client firma unternehmen empresa azienda"
        ),
        plain=_PLAIN | _PLACES | _words("headquarters hq"),
    ),
    ImportKind.LEAD: Qualifiers(own=_words("deal opportunity lead"), plain=_PLAIN, contact=_PERSONS),
    ImportKind.ACTIVITY: Qualifiers(own=_words("activity task"), plain=frozenset()),
}


def plain_title(title: str) -> str:
    """Return the words of a title in small letters, without signs between them."""
    words = _BETWEEN_WORDS.split(name_key(_CAMEL_CASE.sub(" ", title)))
    return " ".join(words).strip().replace("e mail", "email")


def is_usual_title(title: str, kind: ImportKind) -> bool:
    """Return whether a text is, but for signs between its words, a title that many give to a column."""
    return plain_title(title) in _fields_by_words(kind)


def guessed_field(title: str, kind: ImportKind, repeated: Sequence[str]) -> str | None:
    """Return the field that a title means by its words; None if they say nothing.

    :param repeated: fields of which a row may have several: their titles may have a number.
    """
    words = plain_title(title).split()
    found = _field_of_words(words, kind)
    if found is None and len(words) > 1 and re.fullmatch("[1-9]", words[-1]):
        found = _field_of_words(words[:-1], kind)
        return found if found in repeated or words[-1] == "1" else None
    return found


def _field_of_words(words: Sequence[str], kind: ImportKind) -> str | None:
    known = _fields_by_words(kind)
    for left, of_contact, says_whose in _shortened(words, QUALIFIERS[kind]):
        found = known.get(" ".join(left))
        if found is None or (of_contact and found not in OF_CONTACTS):
            continue
        if found not in OF_ANYTHING or says_whose:
            return found
    return None


def _shortened(words: Sequence[str], qualifiers: Qualifiers) -> Iterator[tuple[Sequence[str], bool, bool]]:
    """Yield the words without ever more qualifiers.

    With them: whether one named the contact of a record, and whether all named the record itself.
    """
    every = qualifiers.own | qualifiers.plain | qualifiers.contact
    before = next((n for n, word in enumerate(words) if word not in every), len(words))
    after = next((n for n, word in enumerate(reversed(words)) if word not in AFTER), len(words))
    for number in range(len(words)):
        for first in range(min(before, number), -1, -1):
            last = len(words) - (number - first)
            if number - first <= after and first < last:
                removed = {*words[:first], *words[last:]}
                yield words[first:last], bool(removed & qualifiers.contact), removed <= qualifiers.own


@cache
def _fields_by_words(kind: ImportKind) -> dict[str, str]:
    titles = common_titles(kind)
    found: dict[str, str] = {}
    for title, name in [*titles.items(), *((name, name) for name in titles.values())]:
        if title not in (FULL_NAME, ANY_NAME):
            found.setdefault(plain_title(title), name)
    return found
