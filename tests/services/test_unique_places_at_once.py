"""Sixteen writers at once make rows of one name: a clash that nobody could know of is no CONFLICT."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from crm.importing.job_records import open_job
from crm.importing.jobs import run_job, start_job
from crm.models import CustomFieldDefinition, DuplicatePolicy, ImportRowError, Tag
from crm.services import locking, saving
from crm.services.custom_field_definitions import create_definition
from crm.services.tags import create_tag
from leads.models import LeadLostReason, LeadSource, LeadStatus, LeadType
from leads.services.leads import create_lead
from leads.services.lookups import create_lookup, update_lookup
from people.models import ContactType, Organization, PeopleRelationship, Person
from people.services.contact_types import create_contact_type
from pipelines.models import Pipeline
from pipelines.services.pipelines import create_pipeline
from tests.factories.crm import Tenant, tenant
from tests.services.racing import ROUNDS, WRITERS, rounds

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

MADE, TAKEN = "made", "taken"
CREATE: dict[Any, Any] = {
    Tag: lambda values, actor: create_tag(values, actor=actor),
    ContactType: lambda values, actor: create_contact_type(values, actor=actor),
    CustomFieldDefinition: lambda values, actor: create_definition(
        values | {"model": "LEAD", "kind": "TEXT"}, actor=actor
    ),
} | {
    model: lambda values, actor, model=model: create_lookup(model, values, actor=actor)
    for model in (LeadSource, LeadType, LeadLostReason, PeopleRelationship)
}


@pytest.fixture
def own() -> Tenant:
    return tenant("Racing")


@pytest.mark.parametrize("model", CREATE, ids=lambda model: model.__name__)
def test_a_name_is_made_once_and_the_others_hear_that_it_is_taken(own, model):
    def act(writer: int, turn: int) -> str:
        name = f"Größe {turn}" if writer % 2 else f"GRO\u0308SSE {turn}"
        try:
            CREATE[model]({"name": name}, own.actors.admin)
        except ValidationError as refused:
            return TAKEN if "name" in refused.message_dict else str(refused.message_dict)
        return MADE

    before = model.objects.count()
    answers = rounds(act)

    assert [Counter(turn) for turn in answers] == [Counter({MADE: 1, TAKEN: WRITERS - 1})] * ROUNDS
    assert model.objects.count() == before + ROUNDS


def test_a_renamed_row_clashes_as_one_that_is_there(own):
    sources = [create_lookup(LeadSource, {"name": f"S{n}"}, actor=own.actors.admin) for n in range(WRITERS)]

    def act(writer: int, turn: int) -> str:
        try:
            update_lookup(LeadSource, sources[writer].pk, {"name": f"Fair {turn}"}, actor=own.actors.admin)
        except ValidationError as refused:
            return TAKEN if "name" in refused.message_dict else str(refused.message_dict)
        return MADE

    answers = rounds(act)

    assert [turn.count(MADE) for turn in answers] == [1] * ROUNDS


def test_pipelines_of_one_name_get_slugs_of_their_own(own):
    def act(_writer: int, turn: int) -> int:
        return create_pipeline({"name": f"Sales {turn}"}, actor=own.actors.admin).pk

    answers = rounds(act, 3)

    assert len({key for turn in answers for key in turn}) == 3 * WRITERS
    assert Pipeline.objects.filter(name__startswith="Sales").values("slug").distinct().count() == 3 * WRITERS


def test_a_new_default_and_new_leads_with_new_people_wait_in_one_order(own):
    statuses = list(LeadStatus.objects.filter(company=own.company).order_by("pk"))[:2]

    def act(writer: int, turn: int) -> object:
        if writer % 4 == 0:
            status = statuses[(turn + writer // 4) % 2]
            return update_lookup(LeadStatus, status.pk, {"is_default": True}, actor=own.actors.admin)
        values: Any = {"firstname": "Jane", "email": f"jane{turn}@example.com"}
        return create_lead({"title": "Deal", "people": values}, actor=own.actors.agent)

    rounds(act)

    assert Person.objects.count() == ROUNDS
    assert LeadStatus.objects.filter(company=own.company, is_default=True).count() == 1


ROWS = 20
POLICIES = [DuplicatePolicy.UPDATE, DuplicatePolicy.SKIP, DuplicatePolicy.CREATE]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("model", ["PEOPLE", "ORGANIZATION", "LEAD"])
def test_imports_of_the_same_names_at_once_refuse_no_row(own, model, policy):
    """Each in another order, so that they would wait for each other's rows."""

    def row(number: int) -> dict[str, Any]:
        tags = [{"name": f"Tag {number}"}, {"name": f"tag {(number * 7) % ROWS}"}]
        if model == "ORGANIZATION":
            return {"name": f"Org {number}", "tags": tags}
        if model == "LEAD":
            return {"title": f"Deal {number}", "organization": {"name": f"Org {number}"}, "tags": tags}
        return {"email": f"p{number}@example.com", "organization": f"Org {number}", "tags": tags}

    def act(writer: int, _turn: int) -> tuple[int, int]:
        numbers = list(range(ROWS)) if writer % 2 else list(reversed(range(ROWS)))
        # A row more each: equal inputs would be one job.
        rows = [row(number) for number in numbers + numbers[:writer]]
        actor = own.actors.manager
        job, _ = open_job(
            model, {"rows": rows}, actor=actor, total=len(rows), on_duplicate=policy, dry_run=False
        )
        done = run_job(job, actor=actor)
        return done.failed, len(rows) - done.processed

    answers = rounds(act, 1, writers=4)

    assert answers == [[(0, 0)] * 4]
    assert not ImportRowError.objects.exists()
    assert Tag.objects.count() == ROWS
    made_anew = policy is DuplicatePolicy.CREATE
    if not (made_anew and model == "ORGANIZATION"):
        assert Organization.objects.count() == ROWS
    if model == "PEOPLE" and not made_anew:
        assert Person.objects.count() == ROWS


def test_an_import_waits_as_long_as_others_take(own, monkeypatch):
    """It has no caller who waits: a lock timeout of the database does not end it."""
    held, tried = threading.Event(), threading.Event()
    lock = locking.lock_company

    def hold() -> None:
        try:
            with transaction.atomic():
                lock(own.company.pk)
                held.set()
                assert tried.wait(60)
        finally:
            connection.close()

    def short(company_id: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '50ms'")
        try:
            lock(company_id)
        except OperationalError:
            tried.set()
            raise

    monkeypatch.setattr(locking, "lock_company", short)
    with ThreadPoolExecutor(1) as pool:
        holder = pool.submit(hold)
        assert held.wait(60)
        with transaction.atomic():
            locking.lock_company_patiently(own.company.pk)
        holder.result()


def test_a_dry_run_keeps_nobody_waiting(own):
    """It may take long, and stores nothing that another request could make twice."""

    def locks(dry_run: bool) -> int:
        rows = [{"email": f"p{number}@example.com", "organization": "Acme"} for number in range(3)]
        with CaptureQueriesContext(connection) as queries:
            start_job(
                "PEOPLE",
                rows,
                actor=own.actors.manager,
                on_duplicate=DuplicatePolicy.UPDATE,
                dry_run=dry_run,
            )
        return sum("FOR NO KEY UPDATE" in query["sql"] and "crm_company" in query["sql"] for query in queries)

    assert locks(True) == 0
    assert locks(False) > 0


def test_a_clash_is_tried_again_a_bounded_number_of_times():
    tries = []

    @saving.retried
    def service(most: int) -> str:
        tries.append(most)
        if len(tries) < most:
            raise saving.Clash
        return "stored"

    assert (service(3), len(tries)) == ("stored", 3)
    tries.clear()
    with pytest.raises(saving.Clash) as clash:
        service(10**6)
    assert (len(tries), clash.value.details["reason"]) == (saving.MOST_TRIES, "EXISTS")
