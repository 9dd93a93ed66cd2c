"""A company always keeps an administrator."""

import pytest

from crm.actors import Role
from crm.errors import Conflict
from crm.models import Membership
from crm.services.companies import save_user
from crm.services.members import add_member, save_membership

pytestmark = pytest.mark.django_db


def membership_of(tenant, name):
    return Membership.objects.get(company=tenant.company, user=tenant.users[name])


@pytest.mark.parametrize("change", [{"role": Role.AGENT.value}, {"is_active": False}])
def test_the_last_administrator_cannot_be_removed(tenant, actors, change):
    membership = membership_of(tenant, "admin")
    for name, value in change.items():
        setattr(membership, name, value)

    with pytest.raises(Conflict):
        save_membership(membership, actor=actors.admin)

    stored = membership_of(tenant, "admin")
    assert (stored.role, stored.is_active) == (Role.ADMIN.value, True)


def test_adding_the_last_administrator_again_cannot_change_the_role(tenant):
    with pytest.raises(Conflict):
        add_member(tenant.company, tenant.users["admin"], Role.VIEWER)

    assert membership_of(tenant, "admin").role == Role.ADMIN.value


def test_one_of_two_administrators_can_be_removed(tenant, actors):
    add_member(tenant.company, tenant.users["manager"], Role.ADMIN)
    first = membership_of(tenant, "admin")
    first.is_active = False
    save_membership(first, actor=actors.admin)

    second = membership_of(tenant, "manager")
    second.role = Role.MANAGER.value
    with pytest.raises(Conflict):
        save_membership(second, actor=actors.admin)

    assert not membership_of(tenant, "admin").is_active
    assert membership_of(tenant, "manager").role == Role.ADMIN.value


def test_the_account_of_the_last_administrator_stays_active(tenant):
    user = tenant.users["admin"]
    user.is_active = False

    with pytest.raises(Conflict):
        save_user(user)

    user.refresh_from_db()
    assert user.is_active
    add_member(tenant.company, tenant.users["manager"], Role.ADMIN)
    user.is_active = False
    save_user(user)
    assert not type(user).objects.get(pk=user.pk).is_active
