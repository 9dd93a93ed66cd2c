"""Reading a list by cursors: each row that stays comes once, in any order and whatever changes meanwhile.

Each database has its own executor: PostgreSQL the compiled one, SQLite the standard one. That both return the
same on PostgreSQL is what tests/graphql/compiler/test_equal.py holds.
"""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.graphql.lists.cursors import READERS
from crm.graphql.lists.ordering import order as order_of
from leads.models import Lead, LeadStatus
from people.models import Organization, Person
from pipelines.models import Pipeline, Stage
from tests.clients import data
from tests.examples import examples
from tests.factories.leads import LeadFactory
from tests.factories.people import OrganizationFactory, PersonFactory
from tests.factories.pipelines import PipelineFactory
from tests.graphql.lists.walking import LISTS, by_cursors, by_pages
from tests.graphql.lists.world import add_records

pytestmark = pytest.mark.django_db

DRAWN = settings(
    max_examples=examples(10), deadline=None, suppress_health_check=list(HealthCheck), print_blob=True
)
ROWS = 9
TEXTS = st.sampled_from(["a", "A", "b", "ä", "Ünïcödé ß", "😀", "\u2028", "a b", "a\u0301", "100% %s", '"\\'])
MAYBE_TEXT = st.none() | TEXTS
MOMENTS = st.sampled_from(
    [
        datetime(1, 1, 2, tzinfo=UTC),
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
        datetime(2026, 1, 1, 0, 0, 0, 120_000, tzinfo=UTC),
        datetime(9999, 12, 30, 23, 59, 59, 999_999, tzinfo=UTC),
    ]
)
STAMPS = {"created_at": MOMENTS, "updated_at": MOMENTS}
DRAWN_COLUMNS: dict[str, tuple[Any, dict[str, Any]]] = {
    "leads": (
        Lead,
        STAMPS
        | {"title": TEXTS, "closed_at": st.none() | MOMENTS}
        | dict.fromkeys(("firstname", "lastname", "email", "phone"), MAYBE_TEXT)
        | dict.fromkeys(("stage_changed_at", "last_activity_at"), MOMENTS),
    ),
    "peoples": (
        Person,
        STAMPS
        | dict.fromkeys(("name", "firstname", "lastname", "email"), MAYBE_TEXT)
        | {"dob": st.none() | st.sampled_from([date(1, 1, 1), date(2000, 2, 29)])},
    ),
    "organizations": (Organization, STAMPS | {"name": TEXTS}),
    "pipelines": (Pipeline, STAMPS | {"name": TEXTS, "weight": st.integers(0, 2)}),
}


@pytest.fixture
def records(tenant, other_tenant):
    """Create rows of each of the large lists, and some that are not listed: foreign and deleted ones."""
    for each in (tenant, other_tenant):
        for _ in range(ROWS):
            LeadFactory(company=each.company)
            PersonFactory(company=each.company)
            OrganizationFactory(company=each.company)
        for number in range(4):
            PipelineFactory(company=each.company, name=f"Pipeline {number}")
    for model in (Lead, Person, Organization):
        model.objects.filter(pk=model.objects.latest("pk").pk).update(deleted_at=datetime.now(UTC))


def draw_values(drawing: st.DataObject, field: str, company: Any) -> None:
    """Set new values in all columns that a list can be ordered by."""
    model, columns = DRAWN_COLUMNS[field]
    statuses = list(LeadStatus.objects.filter(company=company).order_by("pk"))
    stages = list(Stage.objects.filter(company=company).order_by("pk"))
    strategy = st.fixed_dictionaries(columns)
    for key in model.objects.filter(company=company).order_by("pk").values_list("pk", flat=True):
        values = drawing.draw(strategy)
        if model is Lead:
            values |= {
                "status": drawing.draw(st.sampled_from(statuses)),
                "stage": drawing.draw(st.sampled_from(stages)),
            }
        model.objects.filter(pk=key).update(**values)


def clauses(field: str) -> st.SearchStrategy[list[dict[str, str]]]:
    columns = st.sampled_from([name.upper() for name in LISTS[field].filterset.order_columns])
    clause = st.fixed_dictionaries({"column": columns, "order": st.sampled_from(["ASC", "DESC"])})
    return st.lists(clause, max_size=3)


@pytest.mark.parametrize("field", DRAWN_COLUMNS)
def test_cursors_and_page_numbers_return_the_same_rows(records, company, actors, field):
    @DRAWN
    @given(st.data(), clauses(field), st.integers(1, 4))
    def compare(drawing: st.DataObject, order: list[dict[str, str]], first: int) -> None:
        draw_values(drawing, field, company)

        by_cursor = by_cursors(field, order, first=first, actor=actors.viewer)

        assert by_cursor == by_pages(field, order, first=100, actor=actors.viewer)
        assert by_cursor == by_pages(field, order, first=first, actor=actors.viewer)

    compare()


@pytest.mark.parametrize("field", ["leads", "peoples"])
def test_rows_that_stay_come_once_whatever_else_changes(records, company, actors, field):
    model, columns = DRAWN_COLUMNS[field]

    @DRAWN
    @given(st.data(), clauses(field), st.integers(1, 3))
    def compare(drawing: st.DataObject, order: list[dict[str, str]], first: int) -> None:
        model.objects.filter(company=company).update(deleted_at=None)
        draw_values(drawing, field, company)
        keys = by_pages(field, order, first=100, actor=actors.viewer)
        touched: set[str] = set()

        def change() -> None:
            key = drawing.draw(st.sampled_from(keys))
            values = drawing.draw(
                st.just({"deleted_at": datetime(2026, 1, 1, tzinfo=UTC)}) | st.fixed_dictionaries(columns)
            )
            touched.add(key)
            model.objects.filter(pk=key).update(**values)

        by_cursor = by_cursors(field, order, first=first, actor=actors.viewer, between=change)

        assert [key for key in by_cursor if key not in touched] == [key for key in keys if key not in touched]

    compare()


@pytest.mark.parametrize("field", LISTS)
def test_every_list_can_be_read_by_cursors_in_each_of_its_orders(tenant, actors, field):
    add_records(tenant, 3)
    lead = Lead.objects.filter(file_links__isnull=False).earliest("pk")
    further = f", entity_type: LEAD, entity_id: {lead.pk}" if field == "entityFiles" else ""
    options: dict[str, Any] = {"actor": actors.admin, "further": further}

    for column in LISTS[field].filterset.order_columns:
        for direction in ("ASC", "DESC"):
            order = [{"column": column.upper(), "order": direction}]
            by_cursor = by_cursors(field, order, first=2, **options)
            assert by_cursor == by_pages(field, order, first=100, **options), order
            assert by_cursor


@pytest.mark.parametrize("field", LISTS)
def test_every_column_of_an_order_can_be_written_into_a_cursor(field):
    filterset = LISTS[field].filterset

    kinds = {
        key.field.get_internal_type()
        for column in filterset.order_columns
        for key in order_of([{"column": column, "order": "ASC"}], filterset)
    }

    assert kinds - set(READERS) == set()


def test_new_rows_come_after_the_cursor_only(company, actors):
    for title in ("B", "D", "F"):
        LeadFactory(company=company, title=title)
    document = (
        "query($after: String) { leads(first: 2, after: $after, orderBy: {column: TITLE, order: ASC})"
        " { data { title } paginatorInfo { endCursor } } }"
    )
    first = data(document, actor=actors.viewer)["leads"]

    for title in ("A", "E"):
        LeadFactory(company=company, title=title)
    Lead.objects.filter(title="D").update(deleted_at=datetime.now(UTC))
    after = first["paginatorInfo"]["endCursor"]
    second = data(document, actor=actors.viewer, variables={"after": after})["leads"]

    assert [[row["title"] for row in page["data"]] for page in (first, second)] == [["B", "D"], ["E", "F"]]
