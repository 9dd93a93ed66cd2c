"""Instances that are made without Django's constructor, and the checks that spare it those of the fields."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.db import models
from django.db.models.fields import NOT_PROVIDED

from crm.database.new_rows import new_row, relate
from crm.database.plain_values import are_plain
from crm.models import Company, HistoryEntry
from crm.models.base import Stamped
from people.models import Person

MODELS = [model for model in apps.get_models() if issubclass(model, Stamped)]
#: Values of every kind, some of which each field refuses.
VALUES: tuple[Any, ...] = (
    *(None, "", "x", "a@x.example", "WON", "x" * 400, "1", 0, 1, -1, 2**40, 2.5, True, False, [], {}, [1]),
    *(
        {"a": 1},
        date(2020, 1, 2),
        datetime(2020, 1, 2, tzinfo=UTC),
        UUID(int=1),
        "2020-01-02",
        Decimal(5),
        object(),
    ),
)


def state(row: models.Model) -> dict[str, Any]:
    made = {field.attname for field in row._meta.concrete_fields if callable(field.default)}
    values = {name: value for name, value in row.__dict__.items() if name != "_state"}
    values |= {name: type(values[name]) for name in made if values[name] is not NOT_PROVIDED}
    return {**values, "_state": (row._state.adding, row._state.db, row._state.fields_cache)}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_new_row_is_that_of_the_constructor(model):
    one, other = new_row(model), new_row(model)

    assert state(one) == state(model())
    # No list or object is shared by two rows.
    for name, value in one.__dict__.items():
        assert not isinstance(value, list | dict) or value is not other.__dict__[name]


def test_columns_and_relations_of_a_new_row():
    company = Company(pk=7, name="Tenant")

    person = new_row(Person, company_id=7, firstname="Ann")
    entry = new_row(HistoryEntry, company_id=7, changes={"a": [1, 2]})
    relate(person, "company", company)

    assert person.company is company
    assert (person.firstname, person.version, person.custom_fields) == ("Ann", 1, {})
    assert entry.changes == {"a": [1, 2]}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_what_is_plain_is_left_as_it_is_by_django(model):
    """Walk the fields: a value that is found to be plain is neither refused nor changed."""
    relations = {field.name for field in model._meta.concrete_fields if field.is_relation}
    for field in model._meta.concrete_fields:
        others = {each.name for each in model._meta.concrete_fields} - {field.name}
        if field.name in relations or isinstance(field, models.BinaryField):
            continue
        plain = 0
        for value in VALUES:
            row = new_row(model, **{field.attname: value})
            if are_plain(row, others):
                models.Model.clean_fields(row, exclude=others)
                kept = row.__dict__[field.attname]
                # A file is wrapped when it is read.
                assert kept is value or isinstance(field, models.FileField), (field, value)
                plain += 1
        assert plain or field.choices, field
