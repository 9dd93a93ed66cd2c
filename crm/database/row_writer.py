"""Writes very many new rows of a model at once: by COPY on PostgreSQL, by one prepared INSERT on SQLite."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

from django.db import connection
from django.db.models import (
    AutoField,
    BooleanField,
    CharField,
    DateField,
    DateTimeField,
    DecimalField,
    Field,
    ForeignKey,
    IntegerField,
    JSONField,
    Model,
    TextField,
    UUIDField,
)
from django.utils import timezone

#: The values of a row, as the database driver takes them.
Values = tuple[Any, ...]
#: Fields whose values every driver takes as they are.
PLAIN = (AutoField, BooleanField, CharField, ForeignKey, IntegerField, TextField)
#: Those that psycopg takes as they are, too.
PLAIN_IN_POSTGRES = (*PLAIN, DateField, DateTimeField, DecimalField, UUIDField)


class RowWriter:
    """Reads the columns of instances of one model, and writes them."""

    def __init__(self, model: type[Model], *, with_key: bool) -> None:
        """Prepare for a model, whose key the instances have, or the database gives."""
        self._model = model
        fields: Sequence[Field[Any, Any]] = [
            field for field in model._meta.concrete_fields if with_key or not field.primary_key
        ]
        self._names = [str(field.column) for field in fields]
        #: Columns of the time at which a row is stored.
        self._moments = [field.attname for field in fields if _is_moment(field)]
        #: Other fields that set their value when a row is stored.
        self._set = [
            field
            for field in fields
            if not _is_moment(field) and (type(field).pre_save not in _UNSET or _is_automatic(field))
        ]
        self._read = itemgetter(*(field.attname for field in fields))
        self._places = {field.attname: place for place, field in enumerate(fields)}
        is_postgres = connection.vendor == "postgresql"
        plain = PLAIN_IN_POSTGRES if is_postgres else PLAIN
        self._converters: list[tuple[int, Callable[[Any], Any]]] = [
            (place, _converter(field))
            for place, field in enumerate(fields)
            if not isinstance(field, plain) or not _has_usual_values(field)
        ]
        self._converter_of = dict(self._converters)

    def values(self, row: Model) -> Values:
        """Return the columns of a row, and set those of the instance that are made when it is stored."""
        if self._moments:
            now = timezone.now()
            for name in self._moments:
                row.__dict__[name] = now
        for field in self._set:
            field.pre_save(row, True)
        values = self._read(row.__dict__)
        if not self._converters:
            return tuple(values)
        converted = list(values)
        for place, convert in self._converters:
            if converted[place] is not None:
                converted[place] = convert(converted[place])
        return tuple(converted)

    def key_of(self, values: Values) -> Any:
        """Return the primary key of a row."""
        return values[self._places[str(self._model._meta.pk.attname)]]

    def changed(self, values: Values, columns: Mapping[str, object], added: Mapping[str, int]) -> Values:
        """Return the columns of a row of which some are set, and to others of which a number is added."""
        changed = list(values)
        for name, value in columns.items():
            place = self._places[name]
            convert = self._converter_of.get(place)
            changed[place] = value if convert is None or value is None else convert(value)
        for name, number in added.items():
            changed[self._places[name]] += number
        return tuple(changed)

    def write(self, rows: Sequence[Values]) -> None:
        """Write rows in their order."""
        quote = connection.ops.quote_name
        table, names = quote(self._model._meta.db_table), ", ".join(map(quote, self._names))
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                with (
                    connection.wrap_database_errors,
                    cursor.cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy,
                ):
                    for row in rows:
                        copy.write_row(row)
                return
            places = ", ".join(["%s"] * len(self._names))
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", rows)  # noqa: S608


#: The methods of fields that take the value as it is.
_UNSET = (Field.pre_save, DateField.pre_save, DateTimeField.pre_save)


def _is_automatic(field: "Field[Any, Any]") -> bool:
    return isinstance(field, DateField) and (field.auto_now or field.auto_now_add)


def _is_moment(field: "Field[Any, Any]") -> bool:
    return type(field) is DateTimeField and _is_automatic(field)


def _has_usual_values(field: "Field[Any, Any]") -> bool:
    """Return whether a field stores its values unchanged, unless its class is known to convert them."""
    return type(field).get_db_prep_value in (Field.get_db_prep_value, *_KNOWN)


_KNOWN = tuple(each.get_db_prep_value for each in PLAIN_IN_POSTGRES)


def _converter(field: "Field[Any, Any]") -> Callable[[Any], Any]:
    if isinstance(field, JSONField):
        encode = json.JSONEncoder().encode if field.encoder is None else field.encoder().encode
        # Most lists and objects of new rows are empty.
        return lambda value: "{}" if value == {} else "[]" if value == [] else encode(value)
    return lambda value: field.get_db_prep_save(value, connection)


@cache
def _writer(model: type[Model], with_key: bool, vendor: str) -> RowWriter:
    return RowWriter(model, with_key=with_key)


def row_writer(model: type[Model], *, with_key: bool = True) -> RowWriter:
    """Return the writer of a model for the database in use."""
    return _writer(model, with_key, connection.vendor)


def write_new(rows: Sequence[Model]) -> None:
    """Write new rows of one model whose keys nobody needs."""
    if rows:
        writer = row_writer(type(rows[0]), with_key=False)
        writer.write([writer.values(row) for row in rows])
