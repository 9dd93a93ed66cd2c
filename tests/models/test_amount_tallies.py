"""Tallies of amounts equal the sums over leads, whoever writes and whether the transaction commits."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from random import Random
from threading import Event
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from crm.models import Company
from crm.services.tallies import correct_tallies, find_wrong_tallies
from leads.models import AmountTally, Lead, LeadStatus
from leads.services.bulk import delete_leads, restore_leads, update_leads
from leads.services.closing import OUTCOMES, close_lead
from leads.services.leads import create_lead
from leads.services.lookup_deletion import delete_lookup
from leads.services.lookups import create_lookup
from pipelines.models import Stage
from pipelines.services.stages import delete_stage
from tests.commands.running import run
from tests.factories.crm import tenant as make_tenant
from tests.factories.leads import LeadFactory
from tests.factories.pipelines import PipelineFactory, StageFactory
from tests.models.test_tallies import Undone

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]

STEPS = 40
CURRENCIES = ["EUR", "USD", "JPY"]
#: Amounts that floating point numbers would not add up exactly.
AMOUNTS = ["0.10", "0.20", "0.70", "0.00", "1234567.89", "999999999999.99"]
OPEN = """SELECT stage_id, pipeline_id, currency, sum(amount) FROM leads_lead lead
  JOIN leads_leadstatus status ON status.id = lead.status_id
  WHERE lead.company_id = %s AND deleted_at IS NULL AND category = 'OPEN' AND amount IS NOT NULL
  GROUP BY stage_id, pipeline_id, currency"""


def counted(company: Company) -> dict[str, dict[tuple[int, str], Decimal]]:
    """Return the amounts of open leads by stage and by pipeline, added up from all leads."""
    found: dict[str, dict[tuple[int, str], Decimal]] = {"stage": {}, "pipeline": {}}
    with connection.cursor() as cursor:
        cursor.execute(OPEN, [company.pk])
        for stage, pipeline, currency, amount in cursor.fetchall():
            for name, key in (("stage", stage), ("pipeline", pipeline)):
                sums = found[name]
                sums[key, currency] = sums.get((key, currency), Decimal(0)) + amount
    return found


def tallied(actor: Any) -> dict[str, dict[tuple[int, str], Decimal]]:
    return {
        name: {
            (row[f"{name}_id"], row["currency"]): row["amount_sum"]
            for row in Lead.objects.open_amounts(actor, name)
        }
        for name in ("stage", "pipeline")
    }


class Writers:
    """All kinds of writes that change what is open and what it is worth."""

    def __init__(self, tenant: Any, random: Random) -> None:
        self.company, self.actor, self.random = tenant.company, tenant.actors.manager, random

    def _some(self, rows: Any, most: int = 4) -> list[int]:
        keys = list(rows.filter(company=self.company).order_by("pk").values_list("pk", flat=True))
        return self.random.sample(keys, min(len(keys), self.random.randint(1, most))) or [0]

    def _one(self, model: Any) -> Any:
        return self.random.choice(list(model.objects.visible_to(self.actor).order_by("pk")))

    def create(self) -> None:
        for _ in range(self.random.randint(1, 4)):
            lead = create_lead({"title": "Deal", "pipeline_stage_id": self._one(Stage).pk}, actor=self.actor)
            Lead.objects.filter(pk=lead.pk).update(
                amount=self.random.choice(AMOUNTS), currency=self.random.choice(CURRENCIES)
            )

    def many(self) -> None:
        stage, status = self._one(Stage), self._one(LeadStatus)
        Lead.objects.bulk_create(
            LeadFactory.build(
                company=self.company,
                title=f"Deal {number}",
                stage=stage,
                pipeline_id=stage.pipeline_id,
                status=status,
                stage_changed_at=timezone.now(),
                last_activity_at=timezone.now(),
                amount=Decimal(amount),
                currency=self.random.choice(CURRENCIES),
            )
            for number, amount in enumerate(AMOUNTS)
        )

    def close(self) -> None:
        for key in self._some(Lead.objects.filter(deleted_at=None)):
            if key:
                close_lead(key, self.random.choice(list(OUTCOMES)), actor=self.actor)

    def move(self) -> None:
        keys = self._some(Lead.objects.filter(deleted_at=None))
        values: Any = {"pipeline_stage_id": self._one(Stage).pk, "status_id": self._one(LeadStatus).pk}
        update_leads(keys, values, actor=self.actor)

    def delete(self) -> None:
        delete_leads(self._some(Lead.objects.filter(deleted_at=None)), actor=self.actor)

    def restore(self) -> None:
        restore_leads(self._some(Lead.objects.exclude(deleted_at=None)), actor=self.actor)

    def replace_status(self) -> None:
        status = create_lookup(
            LeadStatus, {"name": f"Waiting {self.random.random()}", "category": "OPEN"}, actor=self.actor
        )
        Lead.objects.filter(pk__in=self._some(Lead.objects.all())).update(status=status)
        replacement = self._one(LeadStatus)
        if replacement != status:
            delete_lookup(LeadStatus, status.pk, actor=self.actor, replacement_key=replacement.pk)

    def replace_stage(self) -> None:
        stage = self._one(Stage)
        others = Stage.objects.visible_to(self.actor).filter(pipeline=stage.pipeline_id).exclude(pk=stage.pk)
        if others:
            delete_stage(stage.pk, actor=self.actor, replacement_key=others[0].pk)
            StageFactory(company=self.company, pipeline=stage.pipeline)

    def category_in_sql(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE leads_leadstatus SET category = %s WHERE id = %s AND NOT is_default",
                [self.random.choice(["OPEN", "WON", "LOST", "CLOSED"]), self._one(LeadStatus).pk],
            )

    def amounts_in_sql(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE leads_lead SET"
                " amount = CASE WHEN mod(id, 3) = 0 THEN NULL ELSE mod(amount * 2, 1000) END,"
                " currency = CASE WHEN mod(id, 5) = 0 THEN 'CHF' ELSE coalesce(currency, 'EUR') END"
                " WHERE id = ANY (%s)",
                [self._some(Lead.objects.all(), 6)],
            )

    def deletion_in_sql(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE leads_lead SET deleted_at = CASE WHEN deleted_at IS NULL THEN now() END"
                " WHERE id = ANY (%s)",
                [self._some(Lead.objects.all())],
            )

    def remove(self) -> None:
        Lead.objects.filter(pk__in=self._some(Lead.objects.all(), 2)).delete()


NAMES = [name for name, value in vars(Writers).items() if callable(value) and name[0] != "_"]
#: More leads are made than go.
NAMES += ["create", "many", "close"]


@pytest.mark.parametrize("seed", range(3))
def test_amounts_are_right_after_any_writes(seed, tenant, other_tenant):
    random = Random(seed)
    StageFactory(company=tenant.company, pipeline=PipelineFactory(company=tenant.company))
    writers = Writers(tenant, random)
    actor = tenant.actors.manager
    writers.many()
    LeadFactory(company=other_tenant.company)
    Lead.objects.filter(company=other_tenant.company).update(amount="5", currency="EUR")
    seen = set()

    for _ in range(STEPS):
        write = getattr(writers, random.choice(NAMES))
        is_undone = random.random() < 0.25
        before = list(AmountTally.objects.order_by("pk").values_list("pk", "n", "amount"))
        try:
            with transaction.atomic():
                write()
                assert find_wrong_tallies() == []
                assert tallied(actor) == counted(tenant.company)
                if is_undone:
                    raise Undone
        except Undone:
            assert list(AmountTally.objects.order_by("pk").values_list("pk", "n", "amount")) == before
        assert find_wrong_tallies() == []
        assert tallied(actor) == counted(tenant.company)
        seen.add(str(sorted(tallied(actor)["stage"].items())))

    assert list(tallied(other_tenant.actors.manager)["stage"].values()) == [Decimal("5.00")]
    assert len(seen) > 10


def test_many_changes_are_folded_to_one_for_each_stage_status_and_currency(tenant):
    leads = [LeadFactory(company=tenant.company) for _ in range(2)]
    mine = AmountTally.objects.filter(company_id=tenant.company.pk)

    with connection.cursor() as cursor:
        for number in range(100):
            cursor.execute(
                "UPDATE leads_lead SET amount = %s, currency = %s WHERE id = %s",
                [number, "EUR" if number % 2 else "USD", leads[number % 2].pk],
            )
        cursor.execute("SELECT leads_amounttally_fold(%s)", [tenant.company.pk])

    assert sorted(mine.values_list("currency", "n", "amount")) == [
        ("EUR", 1, Decimal(99)),
        ("USD", 1, Decimal(98)),
    ]
    Lead.objects.filter(company=tenant.company).update(amount=None)
    with connection.cursor() as cursor:
        cursor.execute("SELECT leads_amounttally_fold(%s)", [tenant.company.pk])
    assert not mine.exists()


def test_wrong_amounts_are_told_and_mended(tenant, actors):
    lead = LeadFactory(company=tenant.company)
    Lead.objects.filter(pk=lead.pk).update(amount="10", currency="EUR")
    AmountTally.objects.update(amount="12.50", n=3)
    place = f"{lead.pipeline_id}/{lead.stage_id}/{lead.status_id}/EUR"

    ended = run("check_tallies")

    line = f"AMOUNT of company {tenant.company.pk}, {place}: +2, +2.50"
    assert (ended.code, ended.lines) == (1, [line])
    assert run("check_tallies", "--fix").lines == [line, "Corrected: 1 tallies."]
    assert find_wrong_tallies() == []
    assert tallied(actors.manager)["stage"] == {(lead.stage_id, "EUR"): Decimal("10.00")}


def test_truncated_leads_are_worth_nothing(tenant, actors):
    lead = LeadFactory(company=tenant.company)
    Lead.objects.filter(pk=lead.pk).update(amount="10", currency="EUR")

    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("TRUNCATE leads_lead CASCADE")

    assert tallied(actors.manager)["stage"] == {}
    assert not AmountTally.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_no_snapshot_shows_amounts_that_differ_from_the_leads():
    made = make_tenant("Busy")
    actor = made.actors.manager
    waiting = LeadStatus.objects.create(company=made.company, name="Waiting")
    written = Event()
    compared = [0]

    def write(number: int) -> None:
        for turn in range(15):
            lead = LeadFactory(company=made.company, status=waiting if turn % 2 else None)
            Lead.objects.filter(pk=lead.pk).update(amount=Decimal(turn) / 10, currency=CURRENCIES[number])
            if turn % 3 == 0:
                close_lead(lead.pk, "won", actor=actor)

    def change_category() -> None:
        turn = 0
        while not written.is_set():
            LeadStatus.objects.filter(pk=waiting.pk).update(category=["OPEN", "CLOSED"][turn % 2])
            turn += 1

    def fold() -> None:
        while not written.is_set():
            with connection.cursor() as cursor:
                cursor.execute("SELECT leads_amounttally_fold(%s)", [made.company.pk])
            assert correct_tallies() == 0

    def read() -> None:
        while not written.is_set():
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                assert tallied(actor) == counted(made.company)
            compared[0] += 1

    def closing(call: Any, *arguments: Any) -> None:
        try:
            call(*arguments)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        others = [pool.submit(closing, each) for each in (change_category, fold, fold, read)]
        writers = [pool.submit(closing, write, number) for number in range(3)]
        try:
            for task in writers:
                task.result()
        finally:
            written.set()
        for task in others:
            task.result()

    assert compared[0] > 0
    assert tallied(actor) == counted(made.company)
    assert find_wrong_tallies() == []
