"""Members of companies: changes, and what happens when a member leaves."""

from typing import TypedDict

from django.core.exceptions import ValidationError
from django.db import transaction

from crm.actors import Action, Actor, Role, system_actor
from crm.errors import Conflict, ConflictReason
from crm.models import Company, Membership, User
from crm.services import saving
from crm.services.calendar_feeds import revoke_feed_of
from crm.services.locking import lock_company
from crm.services.tokens import revoke_tokens_of
from crm.signals import member_left


class MemberValues(TypedDict, total=False):
    email: str | None
    firstname: str | None
    lastname: str | None
    role: str | None
    member_id: str | None
    capacity: int | None


@transaction.atomic
def add_member(company: Company, user: User, role: Role) -> Membership:
    """Add a user to a company, or change the role of a member.

    The first company of a user becomes the default one.

    :raises Conflict: if the last administrator is to get another role.
    """
    membership = Membership.objects.filter(company=company, user=user).first()
    if membership is None:
        membership = new_membership(company.pk, user)
    membership.role = role.value
    membership.is_active = True
    return _store(membership, actor=system_actor(company.pk))


def new_membership(company_id: int, user: User) -> Membership:
    """Return a membership that is not stored yet; the first one of a user is the default."""
    has_default = Membership.objects.filter(user=user, is_default=True).exists()
    return Membership(company_id=company_id, user=user, is_default=not has_default)


@transaction.atomic
def update_member(user_key: object, values: MemberValues, *, actor: Actor) -> Membership:
    """Change the role, member id or capacity of a member."""
    actor.require(Action.MANAGE_COMPANY)
    membership = lock_membership(user_key, actor)
    saving.refuse_null(values, ["role"])
    assign_values(membership, values)
    return save_membership(membership, actor=actor)


@transaction.atomic
def deactivate_member(user_key: object, *, actor: Actor, heir_key: object = None) -> Membership:
    """End a membership: revoke its tokens and its calendar address, and reassign the member's open leads.

    :param heir_key: the member who gets the open leads; else the company's default owner, else nobody.
    """
    actor.require(Action.MANAGE_COMPANY)
    membership = lock_membership(user_key, actor)
    heir: User | None = None
    if not saving.is_none_given(heir_key):
        heir = User.objects.find(actor, heir_key, argument="reassign_to_id")
    membership.is_active = False
    return save_membership(membership, actor=actor, heir=heir)


def lock_membership(user_key: object, actor: Actor) -> Membership:
    """Return the membership of a user in the actor's company, locked until the transaction ends."""
    user = User.objects.find(actor, user_key, argument="user_id")
    rows = Membership.objects.visible_to(actor).select_for_update(of=("self",))
    return rows.select_related("user").get(user=user)


def assign_values(membership: Membership, values: MemberValues) -> None:
    if values.get("role") is not None:
        membership.role = values["role"] or ""
    saving.assign(membership, values, ("member_id", "capacity"))


@transaction.atomic
def save_membership(membership: Membership, *, actor: Actor, heir: User | None = None) -> Membership:
    """Validate and store a membership of the actor's company; a user keeps one default company.

    :param heir: gets the open leads of a member who leaves or becomes a viewer; else the default owner does.
    """
    actor.require(Action.MANAGE_COMPANY)
    if membership.is_default:
        others = Membership.objects.filter(user=membership.user, is_default=True)
        others.exclude(pk=membership.pk).update(is_default=False)
    return _store(membership, actor=actor, heir=heir)


def _store(membership: Membership, *, actor: Actor, heir: User | None = None) -> Membership:
    keep_an_administrator(membership)
    saving.validate(membership)
    before = None if membership._state.adding else Membership.objects.filter(pk=membership.pk).first()
    membership.save()
    if before is not None and _may_own(before) and not _may_own(membership):
        member_left.send(sender=Membership, membership=membership, heir=_heir(membership, heir), actor=actor)
    # At once: a token must not outlive the membership by a minute.
    if not membership.is_active:
        revoke_tokens_of(membership, by=actor.user_id)
        revoke_feed_of(membership, by=actor.user_id)
    return membership


def _may_own(membership: Membership) -> bool:
    return membership.is_active and membership.role != Role.VIEWER.value


def _heir(membership: Membership, named: User | None) -> User | None:
    members = User.objects.assignable_in(membership.company_id)
    if named is not None:
        if not members.filter(pk=named.pk).exists():
            raise ValidationError({"reassign_to_id": ["An owner is an active member who is not a viewer."]})
        return named
    default: User | None = members.filter(pk=membership.company.default_owner_id).first()
    return default


def keep_an_administrator(membership: Membership, *, ends: bool = False) -> None:
    """Refuse a change of a membership that leaves its company without an administrator."""
    stays = membership.role == Role.ADMIN.value and membership.is_active and not ends
    if stays or membership._state.adding:
        return
    # Two administrators who demote each other at once wait here for each other.
    lock_company(membership.company_id)
    administrators = Membership.objects.active().filter(company=membership.company_id, role=Role.ADMIN.value)
    keys = set(administrators.values_list("pk", flat=True))
    if keys == {membership.pk}:
        raise Conflict(ConflictReason.IN_USE, "This is the last administrator of the company.")
