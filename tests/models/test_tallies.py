"""Tallies equal the numbers of live rows, whoever writes and whether the transaction commits."""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.models import Company, Tally
from crm.models.tallies import count_visible
from crm.services.tallies import find_wrong_tallies
from leads.models import Lead
from leads.services.bulk import delete_leads, restore_leads, update_leads
from leads.services.leads import create_lead
from people.models import Merge, Organization, Person
from people.services.merging import merge
from people.services.people import create_person, delete_people, restore_people
from people.services.unmerging import undo_merge
from pipelines.models import Pipeline, Stage
from tests.clients import data
from tests.factories.leads import LeadFactory
from tests.factories.people import OrganizationFactory, PersonFactory
from tests.factories.pipelines import PipelineFactory, StageFactory
from tests.module_tenant import made_tenant, tenant

__all__ = ["made_tenant", "tenant"]

pytestmark = pytest.mark.django_db

TOTALS = """{ leads(first: 1) { paginatorInfo { total } } peoples(first: 1) { paginatorInfo { total } }
  organizations(first: 1) { paginatorInfo { total } } leadCount peopleCount organizationCount }"""
MODELS: tuple[Any, ...] = (Lead, Person, Organization)
STEPS = 40


class Undone(Exception):
    """Rolls a transaction back."""


def assert_right(actor):
    assert find_wrong_tallies() == []
    for model in MODELS:
        assert count_visible(model, actor) == model.objects.visible_to(actor).count()


class Writers:
    """All kinds of writes that change the number of rows."""

    def __init__(self, tenant, import_leads: Callable[..., Any], random: Random) -> None:
        self.company, self.actor = tenant.company, tenant.actors.manager
        self.import_leads, self.random = import_leads, random

    def some(self, rows: Any, most: int = 4) -> list[int]:
        keys = list(rows.filter(company=self.company).order_by("pk").values_list("pk", flat=True))
        return self.random.sample(keys, min(len(keys), self.random.randint(1, most)))

    def stage(self) -> Stage:
        return self.random.choice(list(Stage.objects.filter(company=self.company).order_by("pk")))

    def create(self) -> None:
        create_lead({"title": "Deal", "pipeline_stage_id": self.stage().pk}, actor=self.actor)
        create_person({"firstname": "Jane", "organization": "Acme"}, actor=self.actor)

    def delete(self) -> None:
        delete_leads(self.some(Lead.objects.filter(deleted_at=None)) or [0], actor=self.actor)
        delete_people(self.some(Person.objects.filter(deleted_at=None)) or [0], actor=self.actor)

    def restore(self) -> None:
        restore_leads(self.some(Lead.objects.exclude(deleted_at=None)) or [0], actor=self.actor)
        restore_people(self.some(Person.objects.filter(merged_into=None)) or [0], actor=self.actor)

    def move(self) -> None:
        keys = self.some(Lead.objects.filter(deleted_at=None)) or [0]
        update_leads(keys, {"pipeline_stage_id": self.stage().pk}, actor=self.actor)

    def merge(self) -> None:
        winner, *losers = [*self.some(Person.objects.filter(deleted_at=None)), 0]
        if losers[:-1]:
            merge(Person, winner, losers[:-1], actor=self.actor)

    def unmerge(self) -> None:
        latest = Merge.objects.filter(company=self.company, undone_at=None).order_by("pk").last()
        if latest is not None:
            undo_merge(latest.pk, actor=self.actor)

    def read_file(self) -> None:
        ended = self.import_leads("title,email\nOne,a@example.com\nTwo,b@example.com\n,\n")
        assert "2" in " ".join(ended.lines)

    def many_rows(self) -> None:
        stage = self.stage()
        Lead.objects.filter(pk__in=self.some(Lead.objects.all(), 9)).update(
            stage=stage, pipeline=stage.pipeline, deleted_at=self.random.choice([None, timezone.now()])
        )
        made = [OrganizationFactory.build(company=self.company, name=f"O{n}") for n in range(5)]
        Organization.objects.bulk_create(made)

    def plain_sql(self) -> None:
        keys = self.some(Person.objects.all(), 3)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE leads_lead SET person_id = NULL")
            cursor.execute(
                "UPDATE people_person SET deleted_at = CASE WHEN deleted_at IS NULL THEN now() END"
                " WHERE id = ANY (%s)",
                [keys],
            )

    def remove(self) -> None:
        gone = self.some(Lead.objects.all(), 2)
        Lead.objects.filter(pk__in=gone).delete()
        Organization.objects.filter(pk__in=self.some(Organization.objects.all(), 2)).delete()


NAMES = [name for name, value in vars(Writers).items() if callable(value) and name[0] != "_"]
NAMES = [name for name in NAMES if name not in {"some", "stage"}]


@pytest.mark.postgres
@pytest.mark.parametrize("seed", range(3))
def test_tallies_are_right_after_any_writes(seed, tenant, other_tenant, import_leads):
    random = Random(seed)
    StageFactory(company=tenant.company, pipeline=PipelineFactory(company=tenant.company))
    writers = Writers(tenant, import_leads, random)
    LeadFactory(company=other_tenant.company)
    counted: set[int] = set()

    for _ in range(STEPS):
        write = getattr(writers, random.choice(NAMES))
        is_undone = random.random() < 0.25
        before = list(Tally.objects.order_by("pk").values_list("pk", "n"))
        try:
            with transaction.atomic():
                write()
                assert_right(tenant.actors.manager)
                if is_undone:
                    raise Undone
        except Undone:
            assert list(Tally.objects.order_by("pk").values_list("pk", "n")) == before
        assert_right(tenant.actors.manager)
        counted.add(count_visible(Lead, tenant.actors.manager))

    assert count_visible(Lead, other_tenant.actors.manager) == 1
    assert len(counted) > 2


def test_totals_are_of_the_company_and_of_what_the_actor_sees(tenant, other_tenant, actors, other_actors):
    for _ in range(3):
        LeadFactory(company=tenant.company, owner=tenant.users["colleague"])
    LeadFactory(company=tenant.company, owner=tenant.users["agent"])
    Lead.objects.filter(pk=LeadFactory(company=tenant.company).pk).update(deleted_at=timezone.now())
    LeadFactory(company=other_tenant.company)
    for _ in range(2):
        PersonFactory(company=tenant.company)
        OrganizationFactory(company=tenant.company)
    agent = replace(actors.agent, company_sees_all_leads=False)

    def totals_of(actor):
        answer = data(TOTALS, actor=actor)
        totals = [answer[name]["paginatorInfo"]["total"] for name in ("leads", "peoples", "organizations")]
        assert [answer[name] for name in ("leadCount", "peopleCount", "organizationCount")] == totals
        return totals

    assert totals_of(actors.viewer) == [4, 2, 2]
    assert totals_of(agent) == [1, 2, 2]
    assert totals_of(other_actors.viewer) == [1, 0, 0]


@pytest.mark.parametrize("executor", ["compiled", "standard"])
def test_filtered_lists_are_counted(executor, tenant, actors, request):
    if executor == "standard":
        request.getfixturevalue("standard_executor")
    for number in range(4):
        LeadFactory(company=tenant.company, title=f"Deal {number % 2}")
    document = """query($where: QueryLeadsWhereWhereConditions, $search: String) {
      leads(first: 1, where: $where, search: $search) { data { id } paginatorInfo { total } } }"""
    where = {"column": "TITLE", "value": "Deal 1"}

    totals = [
        data(document, actor=actors.viewer, variables=variables)["leads"]["paginatorInfo"]["total"]
        for variables in ({}, {"where": where}, {"search": "deal 0"}, {"where": where, "search": "deal 0"})
    ]

    assert totals == [4, 2, 2, 0]


@pytest.mark.postgres
@pytest.mark.parametrize("executor", ["compiled", "standard"])
def test_whole_lists_and_stages_read_no_leads_to_count_them(executor, tenant, actors, request):
    if executor == "standard":
        request.getfixturevalue("standard_executor")
    for _ in range(3):
        LeadFactory(company=tenant.company)
    total = "{ leads(first: 0) { paginatorInfo { total } } }"
    counts = "{ pipelines { data { lead_count stages { lead_count } } } }"

    with CaptureQueriesContext(connection) as captured:
        assert data(total, actor=actors.viewer)["leads"]["paginatorInfo"] == {"total": 3}
        [pipeline] = data(counts, actor=actors.viewer)["pipelines"]["data"]
        rows = data("{ leadsByStage { lead_count } }", actor=actors.viewer)["leadsByStage"]

    assert [pipeline["lead_count"], *(stage["lead_count"] for stage in pipeline["stages"])] == [3, 3, 0, 0, 0]
    assert [row["lead_count"] for row in rows] == [3, 0, 0, 0]
    assert [query["sql"] for query in captured if "leads_lead" in query["sql"]] == []


@pytest.mark.postgres
def test_a_pipeline_counts_by_its_own_column(tenant, actors):
    """Plain SQL can set a pipeline that is not the one of the stage."""
    lead = LeadFactory(company=tenant.company)
    other = PipelineFactory(company=tenant.company, name="Other")
    Lead.objects.filter(pk=lead.pk).update(pipeline=other)

    rows = data("{ pipelines { data { id lead_count stages { lead_count } } } }", actor=actors.viewer)

    counts = {row["id"]: row["lead_count"] for row in rows["pipelines"]["data"]}
    assert counts == {str(lead.pipeline_id): 0, str(other.pk): 1}


@pytest.mark.postgres
def test_a_deleted_company_leaves_no_tallies(tenant):
    company = Company.objects.create(name="Short-lived")
    LeadFactory(company=company)
    PersonFactory(company=company)
    Lead.objects.filter(company=company).delete()
    Person.objects.filter(company=company).delete()
    Pipeline.objects.filter(company=company).delete()

    with connection.cursor() as cursor:
        for kind in ("LEAD", "PEOPLE"):
            cursor.execute("SELECT crm_tally_fold(%s, %s)", [company.pk, kind])

    assert not Tally.objects.filter(company_id=company.pk).exists()


@pytest.mark.postgres
def test_many_changes_are_summed_up_to_one_for_each_stage(tenant, actors):
    lead = LeadFactory(company=tenant.company)
    LeadFactory(company=tenant.company, stage=StageFactory(company=tenant.company, pipeline=lead.pipeline))
    mine = Tally.objects.filter(company_id=tenant.company.pk, kind="LEAD")

    with connection.cursor() as cursor:
        for number in range(200):
            moment = None if number % 2 else timezone.now()
            cursor.execute("UPDATE leads_lead SET deleted_at = %s WHERE id = %s", [moment, lead.pk])
        assert_right(actors.manager)
        cursor.execute("SELECT crm_tally_fold(%s, 'LEAD')", [tenant.company.pk])

    assert list(mine.values_list("n", flat=True)) == [1, 1]
    assert_right(actors.manager)


@pytest.mark.postgres
def test_a_transaction_with_one_snapshot_sums_nothing_up(tenant):
    """With one snapshot per transaction, rows that others have summed up since would be an error."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = 'leads_lead_tally'")
        [(source,)] = cursor.fetchall()

    assert source.count("= 'read committed'") == 3


@pytest.mark.postgres
def test_truncated_tables_have_no_tallies(tenant, actors):
    LeadFactory(company=tenant.company)
    PersonFactory(company=tenant.company)

    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("TRUNCATE leads_lead CASCADE")

    assert count_visible(Lead, actors.manager) == 0
    assert count_visible(Person, actors.manager) == 1
    assert_right(actors.manager)
