"""LIKE ignores case in every script, by one rule on both databases."""

# ruff: noqa: RUF001 - letters that look like others are what is tested

import sys
import unicodedata
from collections.abc import Callable

import pytest
from django.db import connection
from django.db.models import CharField, Value
from django.db.models.functions import Cast

from crm.checks import check_collation
from crm.database.patterns import Folded, folded
from crm.models import Company
from people.models import Organization, Person
from tests.factories.people import OrganizationFactory, PersonFactory
from tests.graphql.lists.asking import listed, where

pytestmark = pytest.mark.django_db

#: Text, pattern, and whether the pattern matches.
PAIRS = [
    ("Παπάς", "ΠΑΠΆΣ", True),
    ("Παπάς", "παπάσ", True),
    ("ΠΑΠΆΣ", "%άς", True),
    ("ΠΑΠΆΣΑΣ", "%ΠΆΣ%", True),
    ("Σίσυφος", "ς%ς", True),
    ("José", "jose\u0301", True),
    ("JOSÉ", "%SE\u0301", True),
    ("Jose", "josé", False),
    ("Größe", "GRÖßE", True),
    ("Größe", "GRÖ\u1e9eE", True),
    ("Größe", "GRÖSSE", False),
    ("Größe", "grö_e", True),
    ("İstanbul", "istanbul", True),
    ("istanbul", "İSTANBUL", True),
    ("İstanbul", "_stanbul", True),
    ("İstanbul", "I\u0307STANBUL", True),
    ("ISPARTA", "isparta", True),
    ("ısparta", "ISPARTA", False),
    ("ısparta", "ısparta", True),
    ("ISPARTA", "ıspARTA", False),
    ("ﬁsh", "FISH", False),
    ("ﬁsh", "_SH", True),
    ("ЖУКОВ", "жуков", True),
    ("Ｆｕｌｌ", "ｆＵＬＬ", True),
    ("ǅ", "ǆ", True),
    ("Ǆ", "ǅ", True),
    ("Straße 5", "str%5", True),
    ("100%", "100\\%", True),
    ("1000", "100\\%", False),
    ("a_c", "A\\_C", True),
    ("abc", "A\\_C", False),
    ("a\\c", "A\\\\C", True),
    ("𐐀𐐁", "𐐨𐐩", True),
    ("𐐀𐐁", "__", True),
    ("Ꭰ", "\uab70", True),
    ("ſet", "SET", False),
    ("two\nlines", "TWO%LINES", True),
]


def mistakes(found: Callable[[str, str], list[str]]) -> list[tuple[str, str]]:
    """Return the pairs for which a list says something else."""
    texts = {text for text, _pattern, _matches in PAIRS}
    likes = {pattern: set(found("LIKE", pattern)) for _text, pattern, _matches in PAIRS}
    unlike = {pattern: set(found("NOT_LIKE", pattern)) for _text, pattern, _matches in PAIRS}
    assert {pattern for pattern in likes if likes[pattern] ^ unlike[pattern] != texts} == set()
    return [(text, pattern) for text, pattern, matches in PAIRS if matches != (text in likes[pattern])]


@pytest.mark.parametrize("compiled", [True, False])
def test_like(compiled, settings, company, actors):
    settings.GRAPHQL_COMPILED_READS = compiled
    for text in {text for text, _pattern, _matches in PAIRS}:
        person = PersonFactory(company=company, firstname="Row")
        Person.objects.filter(pk=person.pk).update(lastname=text)

    def found(operator, pattern):
        condition = where("LASTNAME", operator, pattern)
        return listed("peoples", "lastname", actor=actors.viewer, where=condition)

    assert mistakes(found) == []


def test_like_on_values_of_custom_fields(company, actors):
    for text in {text for text, _pattern, _matches in PAIRS}:
        fields = {"note": text, "number": 5, "list": [text]}
        organization = OrganizationFactory(company=company, custom_fields=fields)
        Organization.objects.filter(pk=organization.pk).update(name=text)

    def found(operator, pattern):
        condition = {"custom_field": "note", "operator": operator, "value": pattern}
        return listed("organizations", "name", actor=actors.viewer, where=condition)

    assert mistakes(found) == []


def test_both_databases_fold_every_letter_alike(tenant):
    # Of the letters of Unicode 3.2, whose lower case does not change any more.
    letters = [
        letter
        for letter in map(chr, range(sys.maxunicode + 1))
        if unicodedata.ucd_3_2_0.category(letter) not in ("Cn", "Cs", "Co", "Cc")
    ]
    texts = ["|".join(letters[start : start + 1000]) for start in range(0, len(letters), 1000)]
    # Capitals within and at the end of a word.
    texts += [f"α{letter}α α{letter}" for letter in letters if letter.lower() != letter]

    for start in range(0, len(texts), 200):
        portion = texts[start : start + 200]
        values = {str(number): Folded(Cast(Value(text), CharField())) for number, text in enumerate(portion)}
        row = Company.objects.filter(pk=tenant.company.pk).values_list(*()).annotate(**values)
        found = row.values_list(*values)[0]
        assert [one for one, text in zip(found, portion, strict=True) if one != folded(text)] == []


def test_a_server_without_the_collation_is_refused(tenant, monkeypatch):
    assert check_collation(databases=["default"]) == []
    assert check_collation() == []

    monkeypatch.setattr("crm.checks.COLLATION", "und-x-none")
    ids = [message.id for message in check_collation(databases=["default"])]

    assert ids == (["crm.E001"] if connection.vendor == "postgresql" else [])
