"""Companies, users and who belongs to what."""

from django.db import transaction

from crm.actors import Action, Actor, Role
from crm.errors import Conflict
from crm.models import Company, Membership, User
from crm.services import saving
from crm.services.replacing import lock_company


@transaction.atomic
def find_or_create_user(username: str, *, is_staff: bool = True) -> tuple[User, bool]:
    """Give the user of this name, made without a usable password if absent; tell whether it was made.

    :raises ValidationError: if the name is not a legal username.
    """
    user = User.objects.filter(username=username).first()
    if user is not None:
        return user, False
    user = User(username=username, is_staff=is_staff)
    user.set_unusable_password()
    user.full_clean(exclude=["password"])
    user.save()
    return user, True


@transaction.atomic
def add_member(company: Company, user: User, role: Role) -> Membership:
    """Make a user an active member of a company, or give a member another role.

    The first company of a user becomes the default one.

    :raises Conflict: if the last administrator is to get another role.
    """
    membership = Membership.objects.filter(company=company, user=user).first()
    if membership is None:
        has_default = Membership.objects.filter(user=user, is_default=True).exists()
        membership = Membership(company=company, user=user, is_default=not has_default)
    membership.role = role.value
    membership.is_active = True
    _keep_an_administrator(membership)
    membership.full_clean()
    membership.save()
    return membership


@transaction.atomic
def save_company(company: Company, *, actor: Actor) -> Company:
    """Validate and store the settings of the actor's company.

    :raises Forbidden: if the actor does not manage the company.
    """
    actor.require(Action.MANAGE_COMPANY)
    saving.validate(company)
    company.save()
    return company


@transaction.atomic
def save_membership(membership: Membership, *, actor: Actor) -> Membership:
    """Validate and store a membership of the actor's company; a user keeps one default company.

    :raises Forbidden: if the actor does not manage the company.
    :raises Conflict: if the company would be left without an administrator.
    """
    actor.require(Action.MANAGE_COMPANY)
    _keep_an_administrator(membership)
    if membership.is_default:
        Membership.objects.filter(user=membership.user, is_default=True).exclude(pk=membership.pk).update(
            is_default=False
        )
    membership.full_clean()
    membership.save()
    return membership


def _keep_an_administrator(membership: Membership) -> None:
    if membership.role == Role.ADMIN.value and membership.is_active:
        return
    # Two administrators who demote each other at once wait here for each other.
    lock_company(membership.company_id)
    administrators = Membership.objects.active().filter(company=membership.company_id, role=Role.ADMIN.value)
    keys = set(administrators.values_list("pk", flat=True))
    if keys == {membership.pk}:
        raise Conflict("This is the last administrator of the company.")


@transaction.atomic
def save_user(user: User) -> User:
    """Validate and store a user's account."""
    user.full_clean(exclude=["password"])
    user.save()
    return user
