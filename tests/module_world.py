"""One world a module: rows that are made once, on which each test of the module works alone.

    @pytest.fixture(scope="module")
    def made_world(module_transaction: None) -> World:
        return make_world()

    @pytest.fixture
    def world(made_world: World, db: None) -> World:
        return copy.deepcopy(made_world)

The rows are made in a transaction that is rolled back after the module's last test. The transaction that
pytest-django opens for each test is a savepoint in it, so that a test's writes are gone before the next one
begins; the copy is for tests that change the objects as well.

In such a module no test commits (``transaction=True``), and every test finds the rows in the database, also
if it does not ask for the world.
"""

from collections.abc import Iterator

import pytest
from django.db import transaction
from pytest_django.plugin import DjangoDbBlocker


@pytest.fixture(scope="module")
def module_transaction(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Open the database for fixtures of a module, and undo at its end what they wrote."""
    with django_db_blocker.unblock(), transaction.atomic():
        # As in Django's TestCase: blocks that have to be the outermost ones may stand within.
        transaction.get_connection().atomic_blocks[-1]._from_testcase = True
        yield
        transaction.set_rollback(True)
