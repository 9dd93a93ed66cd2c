"""Cursors: the page after a cursor, cursors that are refused, and rows that a cursor does not expose."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, models
from django.test.utils import CaptureQueriesContext

from crm.actors import Actor
from crm.errors import BadUserInput
from crm.graphql.lists.cursors import decode, encode
from crm.graphql.lists.ordering import Key
from tests.clients import data, refusal
from tests.factories.leads import LeadFactory
from tests.factories.people import PersonFactory

pytestmark = pytest.mark.django_db

INFO = "count currentPage firstItem hasMorePages lastItem lastPage perPage total"
PAGE = (
    "query($first: Int!, $page: Int, $after: String, $orderBy: [QueryPeoplesOrderByOrderByClause!]) {"
    " peoples(first: $first, page: $page, after: $after, orderBy: $orderBy)"
    f" {{ data {{ firstname }} paginatorInfo {{ {INFO} endCursor }} }} }}"
)
NAMED = {"orderBy": [{"column": "FIRSTNAME", "order": "ASC"}]}
UNREADABLE = "The argument after is not a cursor: pass the endCursor of a page."
FOREIGN = "The cursor belongs to another list or another order: use the orderBy that it came from."


@pytest.fixture(
    params=["standard", pytest.param("compiled", marks=pytest.mark.postgres)],
)
def executor(request: pytest.FixtureRequest, settings: Any) -> str:
    """Run the test once per executor."""
    settings.GRAPHQL_COMPILED_READS = request.param == "compiled"
    return str(request.param)


@pytest.fixture
def people(tenant):
    for number in range(7):
        PersonFactory(company=tenant.company, firstname=f"P{number}")


def cursor_after(number: int, actor: Actor, **variables: Any) -> str:
    """Return the cursor of the row of this number in the list of people."""
    page = data(PAGE, actor=actor, variables={"first": number} | variables)["peoples"]
    return str(page["paginatorInfo"]["endCursor"])


@pytest.mark.usefixtures("executor")
@pytest.mark.parametrize(
    ("number", "first", "names", "info"),
    [
        (2, 3, "P2 P3 P4", [3, 1, 1, True, 3, 3, 3, 7]),
        (4, 3, "P4 P5 P6", [3, 1, 1, False, 3, 3, 3, 7]),
        (5, 3, "P5 P6", [2, 1, 1, False, 2, 3, 3, 7]),
        (7, 3, "", [0, 1, None, False, None, 3, 3, 7]),
        (2, 0, "", [0, 1, None, True, None, 1, 0, 7]),
        (7, 0, "", [0, 1, None, False, None, 1, 0, 7]),
    ],
)
def test_pages_after_a_cursor(people, actors, number, first, names, info):
    after = cursor_after(number, actors.viewer)

    answer = data(PAGE, actor=actors.viewer, variables={"first": first, "after": after})["peoples"]

    cursor = answer["paginatorInfo"].pop("endCursor")
    assert [row["firstname"] for row in answer["data"]] == names.split()
    assert answer["paginatorInfo"] == dict(zip(INFO.split(), info, strict=True))
    assert (cursor is None) == (not names)


@pytest.mark.usefixtures("executor")
def test_page_by_its_number_has_a_cursor_too(people, actors):
    after = cursor_after(2, actors.viewer, page=2)

    answer = data(PAGE, actor=actors.viewer, variables={"first": 1, "after": after, "page": 1})["peoples"]

    assert answer["data"] == [{"firstname": "P4"}]


@pytest.mark.postgres
def test_both_executors_give_the_same_cursor(people, actors, settings):
    given = []
    for compiled in (True, False):
        settings.GRAPHQL_COMPILED_READS = compiled
        given.append([cursor_after(3, actors.viewer, **each) for each in ({}, NAMED, {"page": 2})])

    assert given[0] == given[1]


@pytest.mark.usefixtures("executor")
def test_a_cursor_does_not_contain_the_filters(tenant, actors):
    for number in range(6):
        LeadFactory(company=tenant.company, title=f"{'even' if number % 2 == 0 else 'odd'} {number}")
    document = (
        'query($after: String) { leads(first: 1, after: $after, search: "even",'
        ' where: {column: TITLE, operator: NEQ, value: "even 2"}) { data { title } paginatorInfo {'
        " endCursor total } } }"
    )

    first = data(document, actor=actors.viewer)["leads"]
    after = first["paginatorInfo"]["endCursor"]
    second = data(document, actor=actors.viewer, variables={"after": after})["leads"]

    assert (first["data"], second["data"]) == ([{"title": "even 0"}], [{"title": "even 4"}])
    assert second["paginatorInfo"]["total"] == 2


@pytest.mark.usefixtures("executor")
def test_cursor_of_another_company_exposes_nothing(people, other_tenant, actors):
    PersonFactory(company=other_tenant.company, firstname="Theirs")
    after = cursor_after(1, actors.viewer)

    answer = data(PAGE, actor=other_tenant.actors.admin, variables={"first": 9, "after": after})["peoples"]

    assert [row["firstname"] for row in answer["data"]] == ["Theirs"]


def test_empty_text_starts_at_the_first_row(people, actors):
    answer = data(PAGE, actor=actors.viewer, variables={"first": 1, "after": "", "page": 2})["peoples"]

    assert answer["data"] == [{"firstname": "P1"}]


def changed(cursor: str, change: Callable[[list[Any]], object]) -> str:
    content = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    change(content)
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


@pytest.mark.usefixtures("executor")
@pytest.mark.parametrize(
    "spoil",
    [
        lambda cursor: "?",
        lambda cursor: "é",
        lambda cursor: "AAAA",
        lambda cursor: cursor[:-2],
        lambda cursor: f"{cursor}{cursor}",
        lambda cursor: changed(cursor, lambda content: content.pop()),
        lambda cursor: changed(cursor, lambda content: content.append("1")),
        lambda cursor: changed(cursor, lambda content: content.__setitem__(0, 2)),
        lambda cursor: changed(cursor, lambda content: content.__setitem__(-1, None)),
        lambda cursor: changed(cursor, lambda content: content.__setitem__(-1, 1)),
        lambda cursor: changed(cursor, lambda content: content.__setitem__(-1, "1.5")),
        lambda cursor: changed(cursor, lambda content: content.__setitem__(-1, str(2**63))),
        lambda cursor: changed(cursor, lambda content: content.__setitem__(-1, "٣")),
        lambda cursor: changed(cursor, lambda content: content.__setitem__(-2, "\0")),
        lambda cursor: changed(cursor, lambda content: content.__setitem__(-2, {"a": 1})),
    ],
)
def test_text_that_is_not_a_cursor_is_refused(people, actors, spoil):
    cursor = spoil(cursor_after(3, actors.viewer, **NAMED))

    error = refusal(PAGE, actor=actors.viewer, variables={"first": 3, "after": cursor} | NAMED)

    assert (error["message"], error["extensions"]) == (UNREADABLE, {"code": "BAD_USER_INPUT"})


@pytest.mark.usefixtures("executor")
@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"orderBy": [{"column": "FIRSTNAME", "order": "DESC"}]},
        {"orderBy": [{"column": "LASTNAME", "order": "ASC"}]},
        {"orderBy": [{"column": "FIRSTNAME", "order": "ASC"}, {"column": "ID", "order": "ASC"}]},
    ],
)
def test_cursor_of_another_order_is_refused(people, actors, variables):
    after = cursor_after(3, actors.viewer, **NAMED)

    error = refusal(PAGE, actor=actors.viewer, variables={"first": 3, "after": after} | variables)

    assert (error["message"], error["extensions"]) == (FOREIGN, {"code": "BAD_USER_INPUT"})


def test_cursor_of_another_list_is_refused(people, actors):
    after = cursor_after(3, actors.viewer)

    error = refusal(f'{{ organizations(after: "{after}") {{ data {{ id }} }} }}', actor=actors.viewer)

    assert (error["message"], error["extensions"]) == (FOREIGN, {"code": "BAD_USER_INPUT"})


def test_cursor_and_number_of_a_later_page_are_refused_together(people, actors):
    after = cursor_after(3, actors.viewer)

    error = refusal(PAGE, actor=actors.viewer, variables={"first": 3, "after": after, "page": 2})

    assert error["message"] == "Ask for a page by its number or after a cursor, not by both."
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}


@pytest.mark.parametrize("column", ["ID", "CREATED_AT", "LASTNAME"])
def test_page_after_a_cursor_is_one_statement(people, actors, executor, column):
    variables = {"first": 3, "orderBy": [{"column": column, "order": "DESC"}]}
    document = PAGE.replace(f"{INFO} ", "hasMorePages ")
    cursors = [cursor_after(number, actors.viewer, **(variables | {"first": number})) for number in (1, 3, 6)]

    counts = []
    for after in [None, *cursors]:
        with CaptureQueriesContext(connection) as captured:
            data(document, actor=actors.viewer, variables=variables | {"after": after})
        counts.append(len(captured))

    assert counts == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (models.DecimalField(), Decimal("-12.340")),
        (models.DecimalField(), Decimal("1E+20")),
        (models.DateTimeField(), datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC)),
        (models.DateField(), date(1, 1, 1)),
        (models.BooleanField(), False),
        (models.UUIDField(), UUID(int=7)),
        (models.TextField(), "\u2028 'Ünï' 😀"),
        (models.TextField(), ""),
        (models.BigIntegerField(), -(2**63) + 1),
        (models.TextField(null=True), None),
    ],
)
def test_value_is_read_as_it_was_written(field, value):
    keys = [Key("column", field, field.null)]

    assert decode("list", keys, encode("list", keys, [value])) == (value,)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        (models.DecimalField(), "NaN"),
        (models.DecimalField(), "1E+999999"),
        (models.DateTimeField(), "2026-01-01T00:00:00"),
        (models.DateTimeField(), "9999-12-31T23:59:59-23:00"),
        (models.DateField(), "2026-02-30"),
        (models.BooleanField(), "true"),
        (models.UUIDField(), "7"),
        (models.IntegerField(), "9" * 20),
    ],
)
def test_value_of_another_kind_is_refused(field, text):
    keys = [Key("column", field, False)]
    cursor = changed(encode("list", keys, [True]), lambda content: content.__setitem__(-1, text))

    with pytest.raises(BadUserInput, match="not a cursor"):
        decode("list", keys, cursor)
