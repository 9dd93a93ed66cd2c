"""Conditions on custom fields: on their names, and on their values by the type that is defined for them."""

from collections.abc import Mapping
from typing import Any

from django.db import models
from django.db.models import Expression, Q

from crm.actors import Actor
from crm.custom_field_values import finite, read_value
from crm.database.json_entries import Contains, Entries, EntryName, ValueIsGiven, ValueMatches
from crm.errors import BadUserInput
from crm.graphql.core.arguments import Values, enum_value
from crm.graphql.lists import operators
from crm.graphql.lists.columns import Column, HasRelation, Memo, TextColumn
from crm.graphql.lists.operators import LISTS, NEGATIONS, NULL_TESTS, RANGES, SQLOperator
from crm.models import CustomFieldDefinition, CustomFieldKind, EntityKind
from crm.models.custom_fields import LONGEST_NAME, is_storable
from crm.texts import is_blank, name_key, normalized, single_line

CUSTOM_FIELDS = "custom_fields"


class NameColumn(TextColumn):
    """The name of a custom field."""

    def condition(self, operator: SQLOperator, value: object, *, name: str, actor: Actor) -> Q:
        operand = self.read_operand(operator, value, name=name, actor=actor)
        return operators.expression_condition(EntryName(), operator, operand)


class ValueColumn(Column):
    """The value of a custom field without a definition, compared as the JSON type of the operand."""

    operators = operators.EVERY

    def condition(self, operator: SQLOperator, value: object, *, name: str, actor: Actor) -> Q:
        operand = self.read_operand(operator, value, name=name, actor=actor)
        is_given = Q(ValueIsGiven())
        if operator in NULL_TESTS:
            return is_given if operator is SQLOperator.IS_NOT_NULL else ~is_given
        if operator in RANGES:
            condition = Q(ValueMatches("gte", operand[0])) & Q(ValueMatches("lte", operand[1]))
        elif operator in LISTS:
            # The items of one list may have different JSON types, so each is compared by itself.
            condition = Q(pk__in=[])
            for item in operand:
                condition |= Q(ValueMatches("exact", item))
        else:
            condition = Q(ValueMatches(operators.LOOKUPS[operator], operand))
        return ~condition & is_given if operator in NEGATIONS else condition

    def read(self, value: object) -> str | float:
        if not isinstance(value, str | int | float) or not is_storable(value):
            raise ValueError("Expected text, a finite number, true or false.")
        return normalized(value.strip()) if isinstance(value, str) else finite(value)

    def read_for(self, operator: SQLOperator, value: object, actor: Actor) -> Any:
        operand = super().read_for(operator, value, actor)
        if operator in operators.PATTERNS and not isinstance(operand, str):
            raise ValueError("Expected text.")
        if operator in operators.MEMBERSHIP or operator in operators.PATTERNS:
            return operand
        # type() and not isinstance(): to Python, true and false are numbers.
        operands = operand if isinstance(operand, list) else [operand]
        types = {str if isinstance(each, str) else type(each) is bool for each in operands}
        if len(types) > 1:
            raise ValueError("Expected two values of one type.")
        if True in types:
            raise ValueError("True and false have no order.")
        return operand


class DefinedValue(ValueColumn):
    """The value of a custom field with a definition, read as its kind."""

    def __init__(self, definition: CustomFieldDefinition) -> None:
        super().__init__("value")
        self.definition = definition
        self.operators = OPERATORS.get(definition.kind, operators.EVERY)

    def read(self, value: object) -> Any:
        if self.definition.kind in WORDS:
            # Part of an address is not an address, yet it may be compared with one.
            return TextColumn("value").read(super().read(value))
        return read_value(self.definition.kind, value, self.definition.choices)

    def read_for(self, operator: SQLOperator, value: object, actor: Actor) -> Any:
        if operator in operators.PATTERNS:
            # Nor is a pattern a value of the field.
            return TextColumn("value").read(value)
        return super().read_for(operator, value, actor)


OPERATORS: Mapping[str, frozenset[SQLOperator]] = {
    CustomFieldKind.NUMBER: operators.COMPARISONS,
    CustomFieldKind.DATE: operators.COMPARISONS,
    CustomFieldKind.BOOLEAN: operators.MEMBERSHIP,
}
WORDS = frozenset({CustomFieldKind.TEXT, CustomFieldKind.URL})
NAME, VALUE = NameColumn("name"), ValueColumn("value")


class CustomFieldsRelation(HasRelation):
    """The custom fields of the records of one kind, filtered as if they were rows with a name and a value.

    A condition that requires one ``name`` reads values by its definition, if there is one; ``equal`` is the
    value that it requires, as it is stored.
    """

    def __init__(
        self, kind: EntityKind, *, name: str | None = None, equal: object = None, value: Column = VALUE
    ) -> None:
        super().__init__(CUSTOM_FIELDS, {"name": NAME, "value": value})
        self.kind = kind
        self.name = name
        self.equal = equal

    def for_condition(self, condition: Values, actor: Actor, memo: Memo) -> "CustomFieldsRelation":
        name = _required(condition, "name")
        if not isinstance(name, str) or not is_storable(name):
            return self
        name = normalized(name.strip())
        value = self._column(name, actor, memo)
        return CustomFieldsRelation(
            self.kind, name=name, equal=_equal(value, _required(condition, "value")), value=value
        )

    def field_condition(
        self,
        name: str,
        operator: SQLOperator,
        value: object,
        *,
        model: type[models.Model],
        actor: Actor,
        memo: Memo,
    ) -> Q:
        """Return the condition on one custom field of a listed row; a row without it counts as null."""
        name = single_line(name)
        if is_blank(name) or len(name) > LONGEST_NAME or not is_storable(name):
            raise BadUserInput(f"The name of a custom field has 1 to {LONGEST_NAME} characters.")
        definition = self._definitions(actor, memo).get(name_key(name))
        name = name if definition is None else definition.name
        column = self._column(name, actor, memo)
        equal = _equal(column, value) if operator is SQLOperator.EQ else None
        named = CustomFieldsRelation(self.kind, name=name, equal=equal, value=column)
        # A field that is null, and one that is missing, both lack an entry that is not null.
        is_null = operator is SQLOperator.IS_NULL
        tested = SQLOperator.IS_NOT_NULL if is_null else operator
        condition = column.condition(tested, value, name=f"custom_field {name}", actor=actor)
        condition &= operators.expression_condition(EntryName(), SQLOperator.EQ, name)
        found = named.exists(model, actor, condition)
        return ~found if is_null else found

    def exists(self, model: type[models.Model], actor: Actor, condition: Q) -> Q:
        found = Q(Entries(condition, name=self.name))
        if self.name is None or self.equal is None:
            return found
        # Says nothing new, but it is the part for which PostgreSQL has a GIN index.
        return Q(Contains({self.name: self.equal})) & found

    def count(self, model: type[models.Model], actor: Actor, condition: Q) -> Expression:
        return Entries(condition, name=self.name, counted=True)

    def _column(self, name: str, actor: Actor, memo: Memo) -> ValueColumn:
        definition = self._definitions(actor, memo).get(name_key(name))
        return VALUE if definition is None else DefinedValue(definition)

    def _definitions(self, actor: Actor, memo: Memo) -> dict[str, CustomFieldDefinition]:
        if CUSTOM_FIELDS not in memo:
            visible = CustomFieldDefinition.objects.visible_to(actor).filter(model=self.kind)
            memo[CUSTOM_FIELDS] = {each.name_key: each for each in visible}
        found: dict[str, CustomFieldDefinition] = memo[CUSTOM_FIELDS]
        return found


def _required(condition: Values, column: str) -> Any:
    """Return the value that a condition requires a column to equal, or None."""
    operator, compared = enum_value(condition.get("operator")), enum_value(condition.get("column"))
    is_equal = operator is None or operator == SQLOperator.EQ.value
    if compared is not None and compared.lower() == column and is_equal:
        return condition.get("value")
    for member in condition.get("AND") or []:
        found = _required(member, column)
        if found is not None:
            return found
    return None


def _equal(column: ValueColumn, value: object) -> object:
    """Return a value as the field would store it, or None if it does not fit the field."""
    try:
        return None if value is None else column.read(value)
    except ValueError:
        return None
