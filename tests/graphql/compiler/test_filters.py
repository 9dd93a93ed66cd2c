"""Filtered lists: filters of one shape share a statement, and both executors return the same rows."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crm.graphql.compiler import fallbacks
from crm.graphql.compiler.list_reads import ListRead
from crm.graphql.lists.columns import (
    BooleanColumn,
    ChoiceColumn,
    Column,
    DateColumn,
    DateTimeColumn,
    IdColumn,
    IntegerColumn,
    UuidColumn,
)
from crm.graphql.lists.money_columns import AmountColumn
from crm.graphql.lists.operators import LISTS, NULL_TESTS, SQLOperator
from leads.graphql.filters import LeadFilterSet, LeadSourceFilterSet, LeadStatusFilterSet
from leads.models import Lead
from people.graphql.filters import OrganizationFilterSet, PeopleFilterSet
from people.models import Person
from tests.graphql.compiler.test_equal import answer

pytestmark = pytest.mark.postgres
FILTERS = {
    "leads": LeadFilterSet,
    "peoples": PeopleFilterSet,
    "organizations": OrganizationFilterSet,
    "leadSources": LeadSourceFilterSet,
    "leadStatuses": LeadStatusFilterSet,
}
NOW = datetime.now(UTC)


@pytest.fixture
def statements_made(monkeypatch) -> list[Any]:
    """Record the pages that are compiled."""
    made = []
    compiled = ListRead.page_of

    def note(*given: Any, **named: Any) -> Any:
        made.append(given)
        return compiled(*given, **named)

    monkeypatch.setattr(ListRead, "page_of", note)
    return made


def values(column: Column) -> tuple[Any, Any]:
    """Return two values of a column's type; some row has the first one."""
    match column:
        case IdColumn():
            return str(Lead.objects.order_by("pk")[0].pk), 2**40
        case UuidColumn():
            return str(Person.objects.order_by("pk")[0].uuid), "00000000-0000-4000-8000-000000000000"
        case IntegerColumn():
            return 1, 3
        case AmountColumn():
            return "1234.5", "0"
        case BooleanColumn():
            return True, False
        case DateTimeColumn():
            return (NOW - timedelta(hours=1)).isoformat(), (NOW + timedelta(hours=1)).isoformat()
        case DateColumn():
            return "1990-01-01", "2040-01-01"
        case ChoiceColumn():
            first, second, *_ = sorted(column.words)
            return first, second
    return "a", "Ünïcödé ß"


def compared(kind: str) -> list[tuple[str, Column]]:
    """Return all columns of a list whose values become parameters, whatever the operator."""
    return [
        (name, column)
        for name, column in FILTERS[kind].columns().items()
        if type(column).condition is Column.condition
    ]


def condition(name: str, operator: SQLOperator) -> str:
    column = f"column: {name.upper()}, operator: {operator.value}"
    if operator in NULL_TESTS:
        return f"{{ AND: [{{ {column} }}, {{ column: ID, operator: GT, value: $n }}] }}"
    return f"{{ {column}, value: {'[$a, $b]' if operator in LISTS else '$a'} }}"


def document(kind: str, wheres: list[str], name: Any) -> str:
    row = "id" if kind in ("leads", "peoples", "organizations") else "name"
    data = f"data {{ {row} }} paginatorInfo {{ total hasMorePages }}"
    names = ", ".join(f"${each}: Mixed" for each in "abn" if any(f"${each}" in where for where in wheres))
    declared = f"query({names})" if names else "query"
    lists = (
        f"r{number}: {kind}(first: 4, where: {where}) {{ {data} }}" for number, where in enumerate(wheres)
    )
    return f"{declared} {{ {' '.join(lists)} }} # {name}"


@pytest.mark.parametrize("kind", FILTERS)
def test_each_column_and_operator_has_one_statement_for_all_values(filled, statements_made, kind):
    actor = filled.actors.agent

    # All operators of a column stand in one document, each with its own list.
    for name, column in compared(kind):
        first, second = values(column)
        operators = sorted(column.operators, key=lambda each: each.value)
        text = document(kind, [condition(name, operator) for operator in operators], name)
        before, gone = len(statements_made), fallbacks.total()
        for each in ({"a": first, "b": second, "n": 1}, {"a": second, "b": first, "n": 2}):
            given = {variable: value for variable, value in each.items() if f"${variable}" in text}
            compiled = answer(text, given, actor, compiled=True)
            assert compiled == answer(text, given, actor, compiled=False)
            assert '"errors"' not in compiled
        assert (name, len(statements_made) - before, fallbacks.total()) == (name, len(operators), gone)


def test_groups_decide_on_the_statement_and_values_do_not(filled, statements_made):
    actor = filled.actors.agent
    groups = [
        "{ column: TITLE, value: $a }",
        "{ AND: [{ column: TITLE, value: $a }] }",
        "{ OR: [{ column: TITLE, value: $a }, { column: STATUS, operator: NEQ, value: $b }] }",
        "{ AND: [{ column: TITLE, value: $a }, { column: STATUS, operator: NEQ, value: $b }] }",
        "{ OR: [{ column: TITLE, value: $a }, {}] }",
        "{ column: TITLE, value: $a, OR: [{ column: EMAIL, value: $b }, { column: TITLE, value: $b }] }",
    ]
    titles = [*Lead.objects.values_list("title", flat=True)[:4], None]

    for number, group in enumerate(groups):
        text = document("leads", [group], number)
        for title in titles:
            given = {"a": title, "b": "Open"}
            assert answer(text, given, actor, compiled=True) == answer(text, given, actor, compiled=False)

    # A null makes another condition than a value.
    assert len(statements_made) == 2 * len(groups)


@pytest.mark.parametrize(
    "where",
    [
        "{ column: IS_ROTTING, value: false }",
        '{ HAS: { relation: "TAGS", operator: GTE, amount: 1 } }',
    ],
)
def test_filters_without_a_shape_have_the_same_response(filled, where):
    text = document("leads", [where], where)

    compiled = answer(text, {}, filled.actors.agent, compiled=True)

    assert compiled == answer(text, {}, filled.actors.agent, compiled=False)


def searching(kind: str) -> str:
    row = "id" if kind != "tags" else "name"
    answered = f"data {{ {row} }} paginatorInfo {{ total }}"
    return f"query($text: String) {{ {kind}(search: $text) {{ {answered} }} }}"


#: By how many words there are, and in how many spellings: a number is also looked for by its digits.
SEARCHES = [["a", "%", "_", "\\", "Ä", "0", "'"], ["a b", "% _", "ß \\%"], ["+49/30", "1-2"], [" "]]


@pytest.mark.parametrize("kind", ["leads", "peoples", "organizations", "tags"])
def test_search_has_one_statement_for_all_texts_of_as_many_words(filled, statements_made, kind):
    made = []
    for texts in SEARCHES:
        before = len(statements_made)
        for text in texts:
            variables = {"text": text}
            compiled = answer(searching(kind), variables, filled.actors.agent, compiled=True)
            assert compiled == answer(searching(kind), variables, filled.actors.agent, compiled=False)
        made.append(len(statements_made) - before)

    # The list of tags does not split its search into words.
    assert made == ([1, 1, 1, 1] if kind != "tags" else [7, 3, 2, 1])


@pytest.mark.parametrize("operator", ["LIKE", "NOT_LIKE", "IN", "NOT_IN"])
def test_patterns_and_lists_of_any_length_share_a_statement(filled, statements_made, operator):
    titles = list(Lead.objects.values_list("title", flat=True)[:3])
    given: list[Any] = ["%", "_%", "%a", r"\%", r"a\b%", "%Ä%", ""]
    if operator.endswith("IN"):
        given = [[], titles, [titles[0]], ["none", "%", "'"]]

    for each in given:
        text = document("leads", [f"{{ column: TITLE, operator: {operator}, value: $a }}"], operator)
        compiled = answer(text, {"a": each}, filled.actors.agent, compiled=True)
        assert compiled == answer(text, {"a": each}, filled.actors.agent, compiled=False)

    assert len(statements_made) == 1
