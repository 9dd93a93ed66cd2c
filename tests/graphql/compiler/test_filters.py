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
from tests.graphql.compiler.worlds import fill

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


def compared(kind: str) -> list[tuple[str, SQLOperator, Column]]:
    """Return all columns and operators of a list whose values become parameters."""
    return [
        (name, operator, column)
        for name, column in FILTERS[kind].columns().items()
        if type(column).condition is Column.condition
        for operator in sorted(column.operators, key=lambda each: each.value)
    ]


def document(kind: str, where: str, name: Any) -> str:
    row = "id" if kind in ("leads", "peoples", "organizations") else "name"
    data = f"data {{ {row} }} paginatorInfo {{ total hasMorePages }}"
    names = ", ".join(f"${each}: Mixed" for each in "ab" if f"${each}" in where)
    declared = f"query({names})" if names else "query"
    return f"{declared} {{ {kind}(first: 4, where: {where}) {{ {data} }} }} # {name}"


@pytest.mark.parametrize("kind", FILTERS)
def test_each_column_and_operator_has_one_statement_for_all_values(
    tenant, other_tenant, statements_made, kind
):
    fill(tenant, seed=1)
    fill(other_tenant, seed=2)
    actor = tenant.actors.agent

    for name, operator, column in compared(kind):
        first, second = values(column)
        given = [{"a": first, "b": second}, {"a": second, "b": first}]
        value = ", value: [$a, $b]" if operator in LISTS else ", value: $a"
        condition = f"{{ column: {name.upper()}, operator: {operator.value}{value} }}"
        if operator in NULL_TESTS:
            condition = (
                f"{{ AND: [{condition.replace(value, '')}, {{ column: ID, operator: GT, value: $a }}] }}"
            )
            given = [{"a": 1}, {"a": 2}]
        text = document(kind, condition, name)
        before, gone = len(statements_made), fallbacks.total()
        for each in given:
            compiled = answer(text, each, actor, compiled=True)
            assert compiled == answer(text, each, actor, compiled=False)
            assert '"errors"' not in compiled
        assert (name, operator, len(statements_made) - before, fallbacks.total()) == (name, operator, 1, gone)


def test_groups_decide_on_the_statement_and_values_do_not(tenant, statements_made):
    fill(tenant, seed=1)
    actor = tenant.actors.agent
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
        text = document("leads", group, number)
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
def test_filters_without_a_shape_have_the_same_response(tenant, where):
    fill(tenant, seed=1)
    text = document("leads", where, where)

    compiled = answer(text, {}, tenant.actors.agent, compiled=True)

    assert compiled == answer(text, {}, tenant.actors.agent, compiled=False)


def searching(kind: str) -> str:
    row = "id" if kind != "tags" else "name"
    answered = f"data {{ {row} }} paginatorInfo {{ total }}"
    return f"query($text: String) {{ {kind}(search: $text) {{ {answered} }} }}"


#: By how many words there are, and in how many spellings: a number is also looked for by its digits.
SEARCHES = [["a", "%", "_", "\\", "Ä", "0", "'"], ["a b", "% _", "ß \\%"], ["+49/30", "1-2"], [" "]]


@pytest.mark.parametrize("kind", ["leads", "peoples", "organizations", "tags"])
def test_search_has_one_statement_for_all_texts_of_as_many_words(tenant, statements_made, kind):
    fill(tenant, seed=1)
    made = []
    for texts in SEARCHES:
        before = len(statements_made)
        for text in texts:
            variables = {"text": text}
            compiled = answer(searching(kind), variables, tenant.actors.agent, compiled=True)
            assert compiled == answer(searching(kind), variables, tenant.actors.agent, compiled=False)
        made.append(len(statements_made) - before)

    # The list of tags does not split its search into words.
    assert made == ([1, 1, 1, 1] if kind != "tags" else [7, 3, 2, 1])


@pytest.mark.parametrize("operator", ["LIKE", "NOT_LIKE", "IN", "NOT_IN"])
def test_patterns_and_lists_of_any_length_share_a_statement(tenant, statements_made, operator):
    fill(tenant, seed=1)
    titles = list(Lead.objects.values_list("title", flat=True)[:3])
    given: list[Any] = ["%", "_%", "%a", r"\%", r"a\b%", "%Ä%", ""]
    if operator.endswith("IN"):
        given = [[], titles, [titles[0]], ["none", "%", "'"]]

    for each in given:
        text = document("leads", f"{{ column: TITLE, operator: {operator}, value: $a }}", operator)
        compiled = answer(text, {"a": each}, tenant.actors.agent, compiled=True)
        assert compiled == answer(text, {"a": each}, tenant.actors.agent, compiled=False)

    assert len(statements_made) == 1
