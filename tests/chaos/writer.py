"""A process that creates leads at a steady pace, and tries again if the database was away.

``python -m tests.chaos.writer COUNT PER_SECOND [THREADS]``. With more than one thread, transactions stay open
for a random time after the lead was made, and a tenth is rolled back, so that commits follow no order.
"""

import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import django
from django.db import InterfaceError, OperationalError, connection, transaction

from tests.patience import PATIENCE_SECONDS

LONGEST_COMMIT = 0.03


class Undone(Exception):
    """A transaction that is rolled back on purpose."""


def main() -> None:
    count, pace = int(sys.argv[1]), float(sys.argv[2])
    threads = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    django.setup()
    from crm.actors import Door
    from crm.authentication import actor_for
    from crm.models import Company, User
    from leads.services.leads import create_lead

    actor = actor_for(User.objects.get(username="anna"), Company.objects.get(), door=Door.GRAPHQL)
    chance = random.Random(1)
    started = time.monotonic()

    def write(number: int) -> float:
        undone = threads > 1 and chance.random() < 0.1
        while True:
            wait = started + number / pace - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            begun = time.monotonic()
            try:
                with transaction.atomic():
                    create_lead({"title": f"Lead {number}"}, actor=actor)
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
