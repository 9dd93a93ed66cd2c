"""Pages by number: their ``paginatorInfo``, sizes that are refused, and when rows are counted."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.clients import data, refusal
from tests.factories.people import PersonFactory

pytestmark = pytest.mark.django_db

INFO = "count currentPage firstItem hasMorePages lastItem lastPage perPage total"
PAGE = (
    "query($first: Int!, $page: Int) { peoples(first: $first, page: $page) {"
    f" data {{ firstname }} paginatorInfo {{ {INFO} }} }} }}"
)


@pytest.fixture
def people(tenant):
    for number in range(7):
        PersonFactory(company=tenant.company, firstname=f"P{number}")


@pytest.mark.parametrize(
    ("first", "page", "names", "info"),
    [
        (3, 1, "P0 P1 P2", [3, 1, 1, True, 3, 3, 3, 7]),
        (3, None, "P0 P1 P2", [3, 1, 1, True, 3, 3, 3, 7]),
        (3, 2, "P3 P4 P5", [3, 2, 4, True, 6, 3, 3, 7]),
        (3, 3, "P6", [1, 3, 7, False, 7, 3, 3, 7]),
        (3, 4, "", [0, 4, None, False, None, 3, 3, 7]),
        (7, 1, "P0 P1 P2 P3 P4 P5 P6", [7, 1, 1, False, 7, 1, 7, 7]),
        (7, 2, "", [0, 2, None, False, None, 1, 7, 7]),
        (100, 1, "P0 P1 P2 P3 P4 P5 P6", [7, 1, 1, False, 7, 1, 100, 7]),
        (0, 1, "", [0, 1, None, True, None, 1, 0, 7]),
        (100, 2**31 - 1, "", [0, 2**31 - 1, None, False, None, 1, 100, 7]),
    ],
)
def test_pages(people, actors, first, page, names, info):
    answer = data(PAGE, actor=actors.viewer, variables={"first": first, "page": page})["peoples"]

    assert [row["firstname"] for row in answer["data"]] == names.split()
    assert answer["paginatorInfo"] == dict(zip(INFO.split(), info, strict=True))


def test_empty_list(actors):
    answer = data(PAGE, actor=actors.viewer, variables={"first": 25})["peoples"]

    assert answer == {
        "data": [],
        "paginatorInfo": dict(zip(INFO.split(), [0, 1, None, False, None, 1, 25, 0], strict=True)),
    }


def test_page_holds_25_rows_by_default(tenant, actors):
    for number in range(26):
        PersonFactory(company=tenant.company, firstname=f"P{number}")

    answer = data("{ peoples { data { id } paginatorInfo { perPage count } } }", actor=actors.viewer)[
        "peoples"
    ]

    assert (len(answer["data"]), answer["paginatorInfo"]) == (25, {"perPage": 25, "count": 25})


@pytest.mark.parametrize(
    ("first", "page", "message"),
    [
        (-1, 1, "Requested pagination amount must be non-negative, got -1."),
        (101, 1, "Maximum number of 100 requested items exceeded, got 101. Fetch smaller chunks."),
        (1000, 1, "Maximum number of 100 requested items exceeded, got 1000. Fetch smaller chunks."),
        (25, 0, "Pages are counted from 1, got 0."),
        (25, -1, "Pages are counted from 1, got -1."),
    ],
)
def test_refused_pages(actors, first, page, message):
    error = refusal(PAGE, actor=actors.viewer, variables={"first": first, "page": page})

    assert (error["message"], error["extensions"]) == (message, {"code": "BAD_USER_INPUT"})


@pytest.mark.parametrize("arguments", ["first: null", 'first: "25"', "page: 1.5", "first: 2147483648"])
def test_other_types_are_errors_of_the_document(actors, arguments):
    error = refusal(f"{{ peoples({arguments}) {{ data {{ id }} }} }}", actor=actors.viewer)

    assert error["extensions"] == {"code": "BAD_USER_INPUT"}
    assert "path" not in error


COUNTED = [
    ("data { id }", 3, 0),
    ("data { id } paginatorInfo { count hasMorePages firstItem lastItem currentPage perPage }", 3, 0),
    ("data { id } paginatorInfo { total }", 3, 1),
    ("data { id } paginatorInfo { lastPage }", 3, 1),
    ("data { id } paginatorInfo { total lastPage }", 3, 1),
    # The last page is not full, so the total is known without a count.
    ("data { id } paginatorInfo { total lastPage }", 25, 0),
    ("paginatorInfo { total }", 0, 1),
]


@pytest.mark.parametrize(("selection", "first", "counts"), COUNTED)
def test_rows_are_counted_only_if_the_total_is_selected(people, actors, selection, first, counts):
    # PostgreSQL has a tally of all people, but has to count the rows of a filtered list.
    arguments = f'first: {first}, where: {{ column: NAME, operator: NEQ, value: "Nobody" }}'

    with CaptureQueriesContext(connection) as captured:
        data(f"{{ peoples({arguments}) {{ {selection} }} }}", actor=actors.viewer)

    sent = [query["sql"] for query in captured]
    found = sum("COUNT(" in sql for sql in sent)
    assert (len(sent), found) == (counts + (first > 0), counts), sent


@pytest.mark.postgres
@pytest.mark.parametrize(("selection", "first", "counts"), COUNTED)
def test_tally_is_read_with_the_page(people, actors, selection, first, counts):
    with CaptureQueriesContext(connection) as captured:
        data(f"{{ peoples(first: {first}) {{ {selection} }} }}", actor=actors.viewer)

    [sent] = [query["sql"] for query in captured]
    assert "COUNT(" not in sent
    assert ("SUM(" in sent) == ("total" in selection or "lastPage" in selection)
