"""Two companies with subscribers, what each of them sees at a moment, and random changes."""

import random
from collections.abc import Collection
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any

import orjson
import pytest
from django.db import transaction

from config.schema import schema
from crm.actors import Actor
from crm.credentials import Credential
from crm.events import wakeups
from crm.events.audience import Event
from crm.events.cursor import Cursor
from crm.events.dispatcher import Dispatcher
from crm.events.replay import ResumingSubscriber
from crm.graphql.execution import Operation, execute
from crm.graphql.execution.admission import admit
from crm.graphql.execution.subscriptions import Subscription
from leads.models import Lead, LeadFollower, LeadParticipant
from leads.services.involvement import add_participant, follow_lead, remove_participant, unfollow_lead
from leads.services.leads import create_lead, delete_lead, restore_lead, update_lead
from tests.factories.crm import Tenant, tenant

#: A selection that everyone with equal rights can share, and one that depends on the reader.
PLAIN = "id title owner { id } people { name }"
PERSONAL = f"{PLAIN} channels {{ id }} duplicates {{ id }}"
#: A filter that a lead meets in about half of all cases, so that leads come and go.
FILTER = '{column: TITLE, operator: GTE, value: "0.5"}'
BURST = 4


class Subscriber:
    """A member with a subscription, who keeps what it receives."""

    def __init__(self, actor: Actor, fields: str, where: str) -> None:
        self.actor = actor
        self.fields = fields
        self.where = where
        self.received: list[dict[str, Any]] = []
        covers = f"(where: {where})" if where else ""
        operation = Operation(query=f"subscription {{ leadUpdate{covers} {{ {fields} }} }}")
        credential = Credential(actor=actor, token_id=None, user_id=actor.user_id or 0, expires_at=None)
        admitted = admit(schema.graphql_schema, operation, credential)
        assert isinstance(admitted, Subscription)
        self.subscription = admitted
        self.resuming = self._make_resuming()

    def _make_resuming(self) -> ResumingSubscriber:
        return ResumingSubscriber(
            self.actor, deliver=self._keep, on_loss=partial(pytest.fail, "events were lost")
        )

    def _keep(self, event: Event, text: str) -> None:
        self.received.append(orjson.loads(text))

    def join(self, dispatcher: Dispatcher, after: Cursor | None = None) -> None:
        self.resuming = self._make_resuming()
        self.resuming.join(dispatcher, self.subscription.key, lambda: self.subscription, after=after)

    def sees(self, lead_id: int) -> Any:
        """Query a lead now; return None if this member does not see it, or it does not meet the filter."""
        return self.sees_all([lead_id])[lead_id]

    def sees_all(self, lead_ids: Collection[int]) -> dict[int, Any]:
        """Query leads now, as ``sees`` does, with one query."""
        conditions = f"{{column: ID, operator: IN, value: $ids}} {self.where}"
        query = (
            "query ($ids: Mixed) {"
            f" leads(first: 100, where: {{AND: [{conditions}]}}) {{ data {{ {self.fields} }} }} }}"
        )
        operation = Operation(query=query, variables={"ids": [str(each) for each in lead_ids]})
        _, answer = execute(schema.graphql_schema, operation, actor=self.actor)
        seen = {int(row["id"]): row for row in answer["data"]["leads"]["data"]}
        return {lead_id: seen.get(lead_id) for lead_id in lead_ids}

    def take_received(self) -> list[Any]:
        """Return what was received since the last call: leads, or the ids of removed ones."""
        received, self.received = self.received, []
        return [each["data"]["leadUpdate"] or each["extensions"]["removed"] for each in received]


class World:
    """Two companies with a member of each role in both visibilities, and random changes."""

    def __init__(self, seed: int, fields: str, where: str = "") -> None:
        self.random = random.Random(seed)
        self.tenants = [tenant(), tenant("Other")]
        self.subscribers = [
            Subscriber(replace(actor, company_sees_all_leads=sees_all), fields, where)
            for each, sees_all in product(self.tenants, (True, False))
            for actor in vars(each.actors).values()
        ]
        self.leads: dict[int, Tenant] = {}
        self.people: dict[int, int | None] = {}
        #: What each subscriber saw of a lead after its last change: nothing else changes that it is seen.
        self._saw: dict[int, list[Any]] = {}
        for each in [*self.tenants, *self.tenants]:
            self._create(each)

    def _create(self, where: Tenant) -> int:
        owner = self.random.choice([None, *owners(where)])
        person_id = self.people.get(where.company.pk)
        draft = {
            "title": "New",
            **({"people": {"firstname": "Ann"}} if person_id is None else {"people_id": str(person_id)}),
            "leads_owner_id": None if owner is None else str(owner.pk),
        }
        lead = create_lead(draft, actor=where.actors.manager)  # type: ignore[arg-type]  # a TypedDict
        self.leads[lead.pk] = where
        # One person for all, so that each lead is a duplicate of the others.
        self.people[where.company.pk] = lead.person_id
        return lead.pk

    def change(self) -> tuple[int, list[Any]]:
        """Make a random change; return the lead and what each subscriber saw of it before."""
        where = self.random.choice(self.tenants)
        if self.random.random() < 0.15:
            return self._create(where), [None] * len(self.subscribers)
        lead_id = self.random.choice([key for key, of in self.leads.items() if of is where])
        saw = self._saw.get(lead_id) or [each.sees(lead_id) for each in self.subscribers]
        self._alter(lead_id, where)
        return lead_id, saw

    def _alter(self, lead_id: int, where: Tenant) -> None:
        manager = where.actors.manager
        lead = Lead._base_manager.get(pk=lead_id)
        if lead.deleted_at is not None:
            restore_lead(lead_id, actor=manager)
            return
        title = f"{self.random.random()}"
        user = self.random.choice(list(where.users.values()))
        participates = LeadParticipant.objects.filter(lead=lead, user=user).exists()
        follows = LeadFollower.objects.filter(lead=lead, user=user).exists()
        owner = self.random.choice([None, *(str(each.pk) for each in owners(where))])
        toggle_participant = remove_participant if participates else add_participant
        toggle_follower = unfollow_lead if follows else follow_lead
        choices: list[Any] = [
            lambda: update_lead(lead_id, {"title": title}, actor=manager),
            # With a title, since what changes nothing is no event.
            lambda: update_lead(lead_id, {"leads_owner_id": owner, "title": title}, actor=manager),
            lambda: toggle_participant(lead_id, str(user.pk), actor=manager),
            lambda: toggle_follower(lead_id, user_key=str(user.pk), actor=manager),
            lambda: delete_lead(lead_id, actor=manager),
        ]
        self.random.choices(choices, weights=[2, 3, 3, 3, 1])[0]()

    def see_all(self) -> list[dict[int, Any]]:
        """Return what each subscriber sees of each lead."""
        return [each.sees_all(self.leads) for each in self.subscribers]

    def burst(self) -> set[int]:
        """Change leads several times in one transaction; return those that changed."""
        changed = [self.random.choice(list(self.leads)) for _ in range(BURST)]
        changed += self.random.choices(changed, k=BURST)
        with transaction.atomic():
            for lead_id in changed:
                self._alter(lead_id, self.leads[lead_id])
        wakeups.publish()
        return set(changed)

    def expected(self, lead_id: int, saw: list[Any]) -> list[list[Any]]:
        """Return what each subscriber has to receive for a change; call it right after the change."""
        now = self._saw[lead_id] = [each.sees(lead_id) for each in self.subscribers]
        return [
            [sees] if sees is not None else [str(lead_id)] if seen is not None else []
            for sees, seen in zip(now, saw, strict=True)
        ]


def owners(where: Tenant) -> list[Any]:
    """Return the members who may own leads."""
    return [user for name, user in where.users.items() if name != "viewer"]
