"""Custom fields in conditions: their names, and their values by type."""

from collections.abc import Mapping
from typing import Any

from django.db import models
from django.db.models import Q

from crm.actors import Actor
from crm.custom_field_values import finite, read_value
from crm.database.json_entries import Contains, Entries, EntryName, ValueIsGiven, ValueMatches
from crm.errors import BadUserInput
from crm.graphql.lists import operators
from crm.graphql.lists.columns import Column, HasRelation, TextColumn
from crm.graphql.lists.operators import LISTS, NEGATIONS, NULL_TESTS, RANGES, SQLOperator
from crm.models import CustomFieldDefinition, CustomFieldKind, EntityKind
from crm.models.custom_fields import LONGEST_NAME, is_storable

CUSTOM_FIELDS = "custom_fields"


class NameColumn(TextColumn):
    """The name of a custom field."""

    def condition(self, operator: SQLOperator, value: Any, *, name: str, actor: Actor) -> Q:
        return operators.compared(
            EntryName(), operator, self.checked(operator, value, name=name, actor=actor)
        )


class ValueColumn(Column):
    """The value of a custom field; without a definition it is compared by the type of the value given."""

    operators = operators.EVERY

    def condition(self, operator: SQLOperator, value: Any, *, name: str, actor: Actor) -> Q:
        read = self.checked(operator, value, name=name, actor=actor)
        given = Q(ValueIsGiven())
        if operator in NULL_TESTS:
            return given if operator is SQLOperator.IS_NOT_NULL else ~given
        if operator in RANGES:
            met = Q(ValueMatches("gte", read[0])) & Q(ValueMatches("lte", read[1]))
        elif operator in LISTS:
            met = Q(pk__in=[])
            for item in read:
                met |= Q(ValueMatches("exact", item))
        else:
            met = Q(ValueMatches(operators.LOOKUPS[operator], read))
        return ~met & given if operator in NEGATIONS else met

    def read(self, value: Any) -> Any:
        if not isinstance(value, str | int | float) or not is_storable(value):
            raise ValueError("Expected text, a finite number, true or false.")
        return value.strip() if isinstance(value, str) else finite(value)

    def read_for(self, operator: SQLOperator, value: Any, actor: Actor) -> Any:
        read = super().read_for(operator, value, actor)
        if operator in operators.PATTERNS and not isinstance(read, str):
            raise ValueError("Expected text.")
        if operator in operators.MEMBERSHIP or operator in operators.PATTERNS:
            return read
        types = {str if isinstance(each, str) else type(each) is bool for each in _listed(read)}
        if len(types) > 1:
            raise ValueError("Expected two values of one type.")
        if True in types:
            raise ValueError("True and false have no order.")
        return read


class DefinedValue(ValueColumn):
    """The value of a defined custom field, read as its kind is."""

    def __init__(self, definition: CustomFieldDefinition) -> None:
        super().__init__("value")
        self.definition = definition
        self.operators = OPERATORS.get(definition.kind, operators.EVERY)

    def read(self, value: Any) -> Any:
        if self.definition.kind in WORDS:
            # A pattern, or part of an address, is no value of the field itself.
            return TextColumn("value").read(super().read(value))
        return read_value(self.definition.kind, value, self.definition.choices)

    def read_for(self, operator: SQLOperator, value: Any, actor: Actor) -> Any:
        if operator in operators.PATTERNS:
            return TextColumn("value").read(value)
        return super().read_for(operator, value, actor)


OPERATORS: Mapping[str, frozenset[SQLOperator]] = {
    CustomFieldKind.NUMBER: operators.COMPARISONS,
    CustomFieldKind.DATE: operators.COMPARISONS,
    CustomFieldKind.BOOLEAN: operators.MEMBERSHIP,
}
WORDS = frozenset({CustomFieldKind.TEXT, CustomFieldKind.URL})
NAME, VALUE = NameColumn("name"), ValueColumn("value")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


class CustomFieldsRelation(HasRelation):
    """The custom fields of the records of one kind, as rows with a name and a value.

    A condition that allows a single name reads values by the definition of that name, if there is one.
    """

    def __init__(
        self, kind: EntityKind, *, name: str | None = None, equal: Any = None, value: Column = VALUE
    ):
        super().__init__(CUSTOM_FIELDS, {"name": NAME, "value": value})
        self.kind = kind
        self.name = name
        self.equal = equal

    def asked(
        self, condition: Mapping[str, Any], actor: Actor, memo: dict[Any, Any]
    ) -> "CustomFieldsRelation":
        name = _required(condition, "name")
        if not isinstance(name, str) or not is_storable(name):
            return self
        value = self._column(name.strip(), actor, memo)
        return CustomFieldsRelation(
            self.kind, name=name.strip(), equal=_equal(value, _required(condition, "value")), value=value
        )

    def field_condition(
        self,
        name: str,
        operator: SQLOperator,
        value: Any,
        *,
        model: type[models.Model],
        actor: Actor,
        memo: dict[Any, Any],
    ) -> Q:
        """Give the condition on one custom field of a listed row; a row without it has no value there.

        :raises BadUserInput: if the operator or the value does not fit the field.
        """
        name = name.strip()
        if not name or len(name) > LONGEST_NAME or not is_storable(name):
            raise BadUserInput(f"The name of a custom field has 1 to {LONGEST_NAME} characters.")
        definition = self._definitions(actor, memo).get(name.casefold())
        name = name if definition is None else definition.name
        column = self._column(name, actor, memo)
        equal = _equal(column, value) if operator is SQLOperator.EQ else None
        named = CustomFieldsRelation(self.kind, name=name, equal=equal, value=column)
        is_null = operator is SQLOperator.IS_NULL
        wanted = SQLOperator.IS_NOT_NULL if is_null else operator
        met = column.condition(wanted, value, name=f"custom_field {name}", actor=actor)
        met &= operators.compared(EntryName(), SQLOperator.EQ, name)
        found = named.exists(model, actor, met)
        return ~found if is_null else found

    def exists(self, model: type[models.Model], actor: Actor, condition: Q) -> Q:
        found = Q(Entries(condition, name=self.name))
        if self.name is None or self.equal is None:
            return found
        return Q(Contains({self.name: self.equal})) & found

    def count(self, model: type[models.Model], actor: Actor, condition: Q) -> Any:
        return Entries(condition, name=self.name, counted=True)

    def _column(self, name: str, actor: Actor, memo: dict[Any, Any]) -> ValueColumn:
        definition = self._definitions(actor, memo).get(name.casefold())
        return VALUE if definition is None else DefinedValue(definition)

    def _definitions(self, actor: Actor, memo: dict[Any, Any]) -> dict[str, CustomFieldDefinition]:
        if CUSTOM_FIELDS not in memo:
            visible = CustomFieldDefinition.objects.visible_to(actor).filter(model=self.kind)
            memo[CUSTOM_FIELDS] = {each.name.casefold(): each for each in visible}
        found: dict[str, CustomFieldDefinition] = memo[CUSTOM_FIELDS]
        return found


def _required(condition: Mapping[str, Any], column: str) -> Any:
    """Give the value that a condition requires a column to equal, or None if it requires none."""
    operator = condition.get("operator")
    asked = getattr(condition.get("column"), "value", condition.get("column"))
    is_equal = operator is None or getattr(operator, "value", operator) == SQLOperator.EQ.value
    if asked is not None and asked.lower() == column and is_equal:
        return condition.get("value")
    for member in condition.get("AND") or []:
        found = _required(member, column)
        if found is not None:
            return found
    return None


def _equal(column: ValueColumn, value: Any) -> Any:
    """Give the value that a field has to equal as it is stored, or None if it does not fit."""
    try:
        return None if value is None else column.read(value)
    except ValueError:
        return None
