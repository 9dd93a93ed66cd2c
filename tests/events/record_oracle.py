"""Two companies with subscribers to records of every kind, what each sees at a moment, and random changes."""

import random
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any

import orjson
import pytest

from config.schema import schema
from crm.actors import Actor
from crm.credentials import Credential
from crm.events.audience import Event
from crm.events.cursor import Cursor
from crm.events.dispatcher import Dispatcher
from crm.events.replay import ResumingSubscriber
from crm.graphql.execution import Operation, execute
from crm.graphql.execution.admission import admit
from crm.graphql.execution.subscriptions import Subscription
from crm.models import Activity
from crm.services.activities import create_activity, delete_activity, restore_activity, update_activity
from leads.models import Lead, LeadParticipant
from leads.services.involvement import add_participant, remove_participant
from leads.services.leads import create_lead, delete_lead, restore_lead, update_lead
from people.models import Organization, Person
from people.services.merging import merge
from people.services.organizations import create_organization, update_organization
from people.services.people import create_person, delete_person, restore_person, update_person
from pipelines.models import Pipeline
from pipelines.services.pipelines import update_pipeline
from tests.events.oracle import owners
from tests.factories.crm import Tenant, tenant

#: The list of each kind of record, and what is selected of it.
LISTS = {
    "lead": ("leads", "id title owner { id }"),
    "people": ("peoples", "id name"),
    "organization": ("organizations", "id name"),
    "activity": ("activities", "id text"),
    "pipeline": ("pipelines", "id name"),
}
SELECTION = " ".join(f"{kind} {{ {fields} }}" for kind, (_, fields) in LISTS.items())
QUERY = f"subscription {{ recordUpdate {{ record_kind id removed {SELECTION} }} }}"

#: A record by kind and key.
Key = tuple[str, int]
#: The records that a change will touch, and the function that makes it: it returns those of its events.
Change = tuple[list[Key], Callable[[], list[Key]]]


class Subscriber:
    """A member with a subscription, who keeps what it receives."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.received: list[dict[str, Any]] = []
        credential = Credential(actor=actor, token_id=None, user_id=actor.user_id or 0, expires_at=None)
        admitted = admit(schema.graphql_schema, Operation(query=QUERY), credential)
        assert isinstance(admitted, Subscription)
        self.subscription = admitted

    def _keep(self, event: Event, text: str) -> None:
        self.received.append(orjson.loads(text)["data"]["recordUpdate"])

    def join(self, dispatcher: Dispatcher, after: Cursor | None = None) -> None:
        self.resuming = ResumingSubscriber(
            self.actor, deliver=self._keep, on_loss=partial(pytest.fail, "events were lost")
        )
        self.resuming.join(dispatcher, self.subscription.key, lambda: self.subscription, after=after)

    def sees(self, *records: Key) -> list[Any]:
        """Query records now; return None for each that this member does not see."""
        if not records:
            return []
        # With variables, so that the documents of records of the same kinds are one.
        declared = ", ".join(f"$r{number}: Mixed" for number in range(len(records)))
        lists = [
            f"r{number}: {name}(where: {{column: ID, value: $r{number}}}) {{ data {{ {fields} }} }}"
            for number, (name, fields) in enumerate(LISTS[kind] for kind, _ in records)
        ]
        variables = {f"r{number}": str(key) for number, (_, key) in enumerate(records)}
        operation = Operation(query=f"query ({declared}) {{ {' '.join(lists)} }}", variables=variables)
        _, answer = execute(schema.graphql_schema, operation, actor=self.actor)
        return [next(iter(answer["data"][name]["data"]), None) for name in variables]

    def take_received(self) -> list[tuple[Key, Any]]:
        """Return what was received since the last call: each record, or None if it was removed."""
        received, self.received = self.received, []
        kinds = [each["record_kind"].lower() for each in received]
        assert all(
            (each["removed"] or each[kind]["id"]) == each["id"]
            for each, kind in zip(received, kinds, strict=True)
        )
        return [((kind, int(each["id"])), each[kind]) for each, kind in zip(received, kinds, strict=True)]


class World:
    """Two companies with a member of each role in both visibilities, and random changes."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.tenants = [tenant(), tenant("Other")]
        self.subscribers = [
            Subscriber(replace(actor, company_sees_all_leads=sees_all))
            for each, sees_all in product(self.tenants, (True, False))
            for actor in vars(each.actors).values()
        ]
        for each in self.tenants:
            for _ in range(3):
                create_person({"firstname": "First"}, actor=each.actors.manager)
                owner = str(self.random.choice(owners(each)).pk)
                create_lead({"title": "First", "leads_owner_id": owner}, actor=each.actors.manager)
            create_organization({"name": "First"}, actor=each.actors.manager)
            self._create_activity(each)[1]()

    def change(self) -> tuple[list[Key], dict[Key, list[Any]]]:
        """Make a random change; return the records of its events, and who saw what of them before."""
        where = self.random.choice(self.tenants)
        kinds = [
            self._create_person,
            self._change_person,
            self._merge_people,
            self._change_organization,
            self._change_lead,
            self._change_lead,
            self._create_activity,
            self._change_activity,
            self._change_activity,
            self._change_pipeline,
        ]
        touched, make = self.random.choice(kinds)(where)
        seen = [each.sees(*touched) for each in self.subscribers]
        saw = {record: list(by) for record, *by in zip(touched, *seen, strict=True)}
        return make(), saw

    def expected(self, records: list[Key], saw: dict[Key, list[Any]]) -> list[list[tuple[Key, Any]]]:
        """Return what each subscriber has to receive for a change; call it right after the change."""
        expected = []
        for number, subscriber in enumerate(self.subscribers):
            told = []
            for record, now in zip(records, subscriber.sees(*records), strict=True):
                if now is not None or (record in saw and saw[record][number] is not None):
                    told.append((record, now))
            expected.append(told)
        return expected

    def _pick(self, model: Any, where: Tenant, **conditions: Any) -> Any:
        rows = model._base_manager.filter(company=where.company, **conditions).order_by("pk")
        return self.random.choice(list(rows))

    def _text(self) -> str:
        return f"{self.random.random()}"

    def _create_person(self, where: Tenant) -> Change:
        text = self._text()
        return [], lambda: [("people", create_person({"firstname": text}, actor=where.actors.manager).pk)]

    def _change_person(self, where: Tenant) -> Change:
        person, manager, text = (
            self._pick(Person, where, merged_into=None),
            where.actors.manager,
            self._text(),
        )
        change: Callable[[], object] = partial(update_person, person.pk, {"firstname": text}, actor=manager)
        if person.deleted_at is not None:
            change = partial(restore_person, person.pk, actor=manager)
        elif self.random.random() < 0.3:
            change = partial(delete_person, person.pk, actor=manager)
        return _touching([("people", person.pk)], change)

    def _merge_people(self, where: Tenant) -> Change:
        people = list(Person.objects.visible_to(where.actors.manager).order_by("pk"))
        if len(people) < 3:
            return self._create_person(where)
        winner, loser = self.random.sample(people, 2)
        moved = loser.activities.filter(deleted_at=None).order_by("pk").values_list("pk", flat=True)
        records = [("people", winner.pk), ("people", loser.pk), *(("activity", pk) for pk in moved)]
        return _touching(records, partial(merge, Person, winner.pk, [loser.pk], actor=where.actors.manager))

    def _change_organization(self, where: Tenant) -> Change:
        row = self._pick(Organization, where)
        values: Any = {"name": self._text()}
        change = partial(update_organization, row.pk, values, actor=where.actors.manager)
        return _touching([("organization", row.pk)], change)

    def _change_lead(self, where: Tenant) -> Change:
        lead, manager = self._pick(Lead, where), where.actors.manager
        user = self.random.choice(list(where.users.values()))
        takes_part = LeadParticipant.objects.filter(lead=lead, user=user).exists()
        owner: Any = {
            "title": self._text(),
            "leads_owner_id": self.random.choice([None, *(str(each.pk) for each in owners(where))]),
        }
        toggle = remove_participant if takes_part else add_participant
        changes: list[Callable[[], object]] = [
            partial(update_lead, lead.pk, owner, actor=manager),
            partial(toggle, lead.pk, str(user.pk), actor=manager),
            partial(delete_lead, lead.pk, actor=manager),
        ]
        change = self.random.choices(changes, weights=[3, 3, 1])[0]
        if lead.deleted_at is not None:
            change = partial(restore_lead, lead.pk, actor=manager)
        return _touching([("lead", lead.pk)], change)

    def _create_activity(self, where: Tenant) -> Change:
        model, name = self.random.choice([(Lead, "LEAD"), (Lead, "LEAD"), (Person, "PEOPLE")])
        record = self._pick(model, where, deleted_at=None)
        values: Any = {"entity_type": name, "entity_id": record.pk, "kind": "NOTE", "text": self._text()}
        # Each change of an activity is one of its lead too.
        leads = [("lead", record.pk)] if model is Lead else []

        def make() -> list[Key]:
            return [("activity", create_activity(values, actor=where.actors.manager).pk), *leads]

        return leads, make

    def _change_activity(self, where: Tenant) -> Change:
        activity, manager = self._pick(Activity, where), where.actors.manager
        record = activity.entity
        if record is None or record.deleted_at is not None:
            return self._create_activity(where)
        change: Callable[[], object] = partial(delete_activity, activity.pk, actor=manager)
        if activity.deleted_at is not None:
            change = partial(restore_activity, activity.pk, actor=manager)
        elif self.random.random() < 0.7:
            change = partial(update_activity, activity.pk, {"text": self._text()}, actor=manager)
        leads = [("lead", record.pk)] if isinstance(record, Lead) else []
        return _touching([("activity", activity.pk), *leads], change)

    def _change_pipeline(self, where: Tenant) -> Change:
        pipeline = self._pick(Pipeline, where)
        change = partial(update_pipeline, pipeline.pk, {"name": self._text()}, actor=where.actors.manager)
        return _touching([("pipeline", pipeline.pk)], change)


def _touching(records: list[Key], change: Callable[[], object]) -> Change:
    def make() -> list[Key]:
        change()
        return records

    return records, make
