"""Sixteen writers at once: what they share is made once, and none of them is refused."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from crm.models import Tag
from leads.models import Lead, LeadReceiver
from leads.services.leads import create_lead, update_lead
from people.models import Organization, Person
from people.services.people import create_person, update_person
from people.services.upserting import upsert_organization, upsert_person
from tests.factories.crm import Tenant, tenant
from tests.factories.leads import LeadReceiverFactory
from tests.receivers.delivering import deliver
from tests.services.racing import ROUNDS, WRITERS, rounds

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def own() -> Tenant:
    return tenant("Racing")


@pytest.fixture
def receiver(own: Tenant) -> LeadReceiver:
    made: LeadReceiver = LeadReceiverFactory(
        company=own.company, agent=own.users["agent"], rate_limit=0, window_minutes=0
    )
    return made


def test_receivers_make_one_person_and_one_organization(own, receiver):
    def act(writer: int, turn: int) -> int:
        email = f"Jane{turn}@bücher.example" if writer % 2 else f"jane{turn}@xn--bcher-kva.example"
        company = f"Weiß {turn} AG" if writer % 3 else f"WEISS  {turn} ag"
        payload = {"firstname": "Jane", "n": writer, "email": email, "company": company}
        return int(deliver(receiver, payload).status_code)

    answers = rounds(act)

    assert answers == [[200] * WRITERS] * ROUNDS
    assert Lead.objects.count() == WRITERS * ROUNDS
    assert (Person.objects.count(), Organization.objects.count()) == (ROUNDS, ROUNDS)


def test_every_way_to_a_person_ends_at_one(own, receiver):
    """Receivers, leads and upserts look for the same e-mail address."""
    agent = own.actors.agent

    def act(writer: int, turn: int) -> object:
        values: Any = {"firstname": "Jane", "email": f"jane{turn}@example.com"}
        if writer % 3 == 0:
            return deliver(receiver, {**values, "n": writer}).status_code
        if writer % 3 == 1:
            return create_lead({"title": "Deal", "people": values}, actor=agent).person_id
        return upsert_person(values, actor=agent).record.pk

    rounds(act)

    assert Counter(Person.objects.values_list("email", flat=True)).most_common(1)[0][1] == 1
    assert Person.objects.count() == ROUNDS


def test_people_by_phone_and_name_are_made_once(own, receiver):
    def act(writer: int, turn: int) -> int:
        number = f"(415) 555-{1000 + turn}" if writer % 2 else f"+1415555{1000 + turn}"
        return int(deliver(receiver, {"firstname": "Jane", "n": writer, "phone": number}).status_code)

    # A few rounds: the way is that of e-mail addresses.
    assert rounds(act, 3) == [[200] * WRITERS] * 3
    assert Person.objects.count() == 3


def test_every_way_to_an_organization_ends_at_one(own):
    agent = own.actors.agent

    def act(writer: int, turn: int) -> object:
        name = f"Straße {turn}" if writer % 2 else f"STRASSE {turn}"
        if writer % 4 == 0:
            return create_lead({"title": "Deal", "organization": {"name": name}}, actor=agent)
        if writer % 4 == 1:
            return create_person({"firstname": "Jane", "organization": name}, actor=agent)
        if writer % 4 == 2:
            return upsert_organization({"name": name}, actor=agent)
        return update_person(people[writer].pk, {"organization": name}, actor=agent)

    people = [create_person({"firstname": f"P{number}"}, actor=agent) for number in range(WRITERS)]
    rounds(act)

    assert Organization.objects.count() == ROUNDS


def test_every_way_to_a_tag_ends_at_one(own):
    agent = own.actors.agent
    people = [create_person({"firstname": f"P{number}"}, actor=agent) for number in range(WRITERS)]
    leads = [create_lead({"title": f"L{number}"}, actor=agent) for number in range(WRITERS)]

    def act(writer: int, turn: int) -> object:
        names = [f"new {turn} {letter}" for letter in "ab"]
        tags: Any = [{"name": name.upper()} for name in (names if writer % 2 else reversed(names))]
        acts: list[Callable[[], object]] = [
            lambda: create_lead({"title": "Deal", "tags": tags}, actor=agent),
            lambda: create_person({"firstname": "Jane", "tags": tags}, actor=agent),
            lambda: update_person(people[writer].pk, {"tags": tags}, actor=agent),
            lambda: update_lead(leads[writer].pk, {"tags": tags}, actor=agent),
            lambda: upsert_person({"email": "one@example.com", "tags": tags}, actor=agent),
        ]
        return acts[writer % len(acts)]()

    rounds(act)

    assert Tag.objects.count() == 2 * ROUNDS
