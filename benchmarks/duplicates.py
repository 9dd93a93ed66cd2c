"""Measure how long it takes to find the clusters of possible duplicates among 100,000 people.

Run it as ``DATABASE_URL=postgres://... python -m benchmarks.duplicates [PEOPLE]``. It makes a test database
of its own and removes it. The people are compared pair by pair as well, in a sample: what that would take
for all is estimated from the number of pairs.
"""

import os
import sys
from collections.abc import Callable
from itertools import combinations
from time import perf_counter

import django

from crm.actors import Actor, system_actor

PEOPLE = 100_000
SAMPLE = 1_000
#: Of so many people one shares an e-mail with somebody, one a phone; so many are in one organization.
EVERY, MEMBERS = 10, 10


def timed(work: Callable[[], object]) -> tuple[float, object]:
    """Return the seconds that a function takes, and its result."""
    begun = perf_counter()
    result = work()
    return perf_counter() - begun, result


def fill(number: int) -> Actor:
    """Store a company of that many people with an e-mail and a phone each, and give an actor of it."""
    from crm.services.companies import find_or_create_user
    from leads.services.company_setup import set_up_company
    from people.models import Contact, ContactType, Organization, Person

    user, _ = find_or_create_user("benchmark")
    company = set_up_company("Benchmark", admin=user)
    types = {kind: ContactType.objects.get(company=None, kind=kind) for kind in ("EMAIL", "PHONE")}
    people, contacts = [], []
    for index in range(number):
        shared = index - 1 if index % EVERY == 1 else index
        email = f"person{shared}@example.com"
        people.append(
            Person(
                company=company,
                firstname=f"First{index * 7919 % 9973}",
                lastname=f"Last{index * 104729 % 99991}",
                name=f"First{index * 7919 % 9973} Last{index * 104729 % 99991}",
                email=email,
                email_canonical=email,
            )
        )
    Person.objects.bulk_create(people, batch_size=5_000)
    for index, person in enumerate(people):
        called = index - 1 if index % EVERY == 2 else index
        phone = f"+1212{called:07d}"
        for kind, value in (("EMAIL", str(person.email)), ("PHONE", phone)):
            contacts.append(
                Contact(company=company, person=person, type=types[kind], value=value, canonical=value)
            )
    Contact.objects.bulk_create(contacts, batch_size=5_000)
    organizations = Organization.objects.bulk_create(
        Organization(company=company, name=f"Organization {index}", comparable_key=f"organization{index}")
        for index in range(number // MEMBERS)
    )
    ties = Person.organizations.through
    ties.objects.bulk_create(
        (
            ties(person_id=person.pk, organization_id=organizations[index // MEMBERS].pk)
            for index, person in enumerate(people[: len(organizations) * MEMBERS])
        ),
        batch_size=5_000,
    )
    return system_actor(company.pk)


def compare_pairs(actor: Actor) -> int:
    """Compare a sample of the people pair by pair, by the same rule, and give how many pairs match."""
    from rapidfuzz import fuzz

    from people.models import Person
    from people.services.duplicates import SIMILARITY, people_traits

    people = list(Person.objects.visible_to(actor).order_by("pk")[:SAMPLE])
    traits = people_traits(people).values()
    return sum(
        bool(one.reached_by & other.reached_by)
        or bool(one.organizations & other.organizations and fuzz.ratio(one.name, other.name) >= SIMILARITY)
        for one, other in combinations(traits, 2)
    )


def measure(number: int) -> str:
    """Fill a database, measure, and give the lines to print."""
    from django.db import connection

    from people.services.clusters import people_clusters

    actor = fill(number)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    runs = [timed(lambda: people_clusters(actor=actor)) for _ in range(3)]
    seconds = min(taken for taken, _ in runs)
    clusters = len(people_clusters(actor=actor))
    sample, _ = timed(lambda: compare_pairs(actor))
    size = min(SAMPLE, number)
    naive = sample * (number * (number - 1)) / (size * (size - 1))
    return (
        f"{number} people, {connection.vendor}: {clusters} clusters in {seconds:.2f} s\n"
        f"pair by pair: {sample:.2f} s for {size} people, {naive:.0f} s for all;"
        f" {naive / seconds:.0f} times as long\n"
    )


def main() -> None:
    """Measure in a database that is made for it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.db import connection

    number = int(sys.argv[1]) if len(sys.argv) > 1 else PEOPLE
    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        sys.stdout.write(measure(number))
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


if __name__ == "__main__":
    main()
