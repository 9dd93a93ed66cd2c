"""Two administrators who demote each other at the same time: one stays."""

import pytest

from crm.actors import Role
from crm.errors import Conflict, Forbidden
from crm.models import Membership
from crm.services.members import add_member, deactivate_member, update_member
from tests.factories.crm import tenant
from tests.graphql.people.test_merges_at_once import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("turn", range(5))
def test_two_administrators_who_demote_each_other_leave_one(turn):
    made = tenant("Racing")
    add_member(made.company, made.users["manager"], Role.ADMIN)
    first, second = made.actors.admin, made.actors.admin
    one, other = made.users["admin"].pk, made.users["manager"].pk

    refused = at_once(
        lambda: update_member(other, {"role": "AGENT"}, actor=first),
        lambda: deactivate_member(one, actor=second),
    )

    assert sorted(refused) == ["", Conflict.code]
    led = Membership.objects.active().filter(company=made.company, role=Role.ADMIN.value)
    assert led.count() == 1
    assert Forbidden.code not in refused
