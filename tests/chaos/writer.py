"""A process that creates records at a steady pace, and tries again if the database was away.

``python -m tests.chaos.writer COUNT PER_SECOND [THREADS [leads|records]]``: leads, or all kinds in turn. With
more than one thread, transactions stay open for a random time, and a tenth is undone,
so that commits follow no order.
"""

import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import django
from django.db import InterfaceError, OperationalError, connection, transaction

from tests.patience import PATIENCE_SECONDS

LONGEST_COMMIT = 0.03


class Undone(Exception):
    """A transaction that is rolled back on purpose."""


def main() -> None:
    count, pace = int(sys.argv[1]), float(sys.argv[2])
    threads = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    kinds = sys.argv[4] if len(sys.argv) > 4 else "leads"
    django.setup()
    from crm.actors import Door
    from crm.authentication import actor_for
    from crm.models import Company, User
    from crm.services.activities import create_activity
    from leads.services.leads import create_lead
    from people.services.organizations import create_organization
    from people.services.people import create_person
    from pipelines.services.pipelines import create_pipeline

    actor = actor_for(User.objects.get(username="anna"), Company.objects.get(), door=Door.GRAPHQL)
    chance = random.Random(1)
    started = time.monotonic()

    def create(number: int) -> None:
        name = f"Record {number}"
        match number % 5 if kinds == "records" else 0:
            case 0:
                create_lead({"title": name}, actor=actor)
            case 1:
                create_person({"firstname": name}, actor=actor)
            case 2:
                create_organization({"name": name}, actor=actor)
            case 3:
                person = create_person({"firstname": name}, actor=actor)
                about: Any = {"entity_type": "PEOPLE", "entity_id": person.pk, "kind": "NOTE", "text": name}
                create_activity(about, actor=actor)
            case 4:
                create_pipeline({"name": name, "stages": [{"name": name}]}, actor=actor)

    def write(number: int) -> float:
        undone = threads > 1 and chance.random() < 0.1
        while True:
            wait = started + number / pace - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            begun = time.monotonic()
            try:
                with transaction.atomic():
                    create(number)
                    if threads > 1:
                        time.sleep(chance.random() * LONGEST_COMMIT)
                    if undone:
                        raise Undone
                return time.monotonic() - begun
            except Undone:
                undone = False
            except (OperationalError, InterfaceError):
                connection.close()
                assert time.monotonic() - started < count / pace + PATIENCE_SECONDS
                time.sleep(0.1)

    with ThreadPoolExecutor(threads) as pool:
        times = list(pool.map(write, range(count)))
    print(f"{max(times):.3f}", flush=True)


if __name__ == "__main__":
    main()
