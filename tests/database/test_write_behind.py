"""Rows and savepoints that are held back: who reads meets them, and what is rolled back is gone."""

import pytest
from django.db import transaction

from crm.actors import Actor
from crm.database.inserts import insert_all
from crm.database.new_keys import Needs
from crm.database.write_behind import write_behind
from crm.models import Company, Tag
from crm.services.tags import create_tag
from people.models import Organization
from people.services.organizations import create_organization

pytestmark = pytest.mark.django_db


def refused(agent: Actor, *, is_read: bool) -> None:
    """Make organizations in savepoints that are rolled back."""
    with transaction.atomic():
        create_organization({"name": "Gone"}, actor=agent)
        # A statement in a savepoint sends it, with those around it.
        assert not is_read or Organization.objects.filter(name="Gone").exists()
        with transaction.atomic():
            create_organization({"name": "Gone too"}, actor=agent)
        raise KeyError


def test_savepoints_take_back_the_rows_that_are_kept(tenant):
    agent = tenant.actors.agent
    with write_behind():
        with transaction.atomic():
            create_tag({"name": "Kept"}, actor=agent)
        for is_read in (False, True):
            with pytest.raises(KeyError):
                refused(agent, is_read=is_read)
        create_organization({"name": "Last"}, actor=agent)

    names = Organization.objects.filter(company=tenant.company).order_by("pk")
    assert list(names.values_list("name", flat=True)) == ["Last"]
    assert Tag.objects.filter(name="Kept").exists()


def test_blocks_alike_fetch_as_many_keys_as_they_use(company: Company) -> None:
    needs: Needs = {}
    for block in range(6):
        with write_behind(needs):
            for number in range(30):
                insert_all([Tag(company=company, name=f"{block}-{number}", slug=f"{block}-{number}")])
                # On a database without sequences a statement lets go of the keys that are left.
                assert number % 10 or Tag.objects.exists()

    assert needs[Tag] == 30
    assert Tag.objects.filter(slug__contains="-").count() == 180
