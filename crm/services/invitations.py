"""Invitations: a new member gets a one-time link by mail, chooses a password, and is signed in.

The membership is there at once, so that work can be given to the person; the link opens the account.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from crm.actors import Action, Actor, Role
from crm.emails import canonical_email, has_email_form
from crm.errors import Conflict, ConflictReason, NotFound
from crm.models import AuditEvent, Company, Invitation, InvitationState, Membership, User
from crm.models.tokens import hash_token
from crm.request_origin import public_address
from crm.services import audit
from crm.services.companies import find_or_create_user
from crm.services.invitation_mail import send
from crm.services.invited_accounts import find_or_create_account, has_signed_up
from crm.services.members import (
    MemberValues,
    add_member,
    assign_values,
    lock_membership,
    new_membership,
    save_membership,
)


@dataclass(frozen=True)
class Added:
    """A member who was added: ``link`` is that of the invitation, if there is one.

    A new account without an address ``needs_password`` of an operator.
    """

    membership: Membership
    link: str
    needs_password: bool


NO_ADDRESS = "This account has no e-mail address to send an invitation to."


@transaction.atomic
def invite_member(values: MemberValues, *, actor: Actor) -> Membership:
    """Invite somebody to the actor's company by e-mail address; a former member becomes active again.

    Somebody unknown gets an account named by the address, without a password until the link is opened.

    :raises ValidationError: if the address has no such form, or a rule is broken.
    :raises Conflict: if the address is an active member's, or that of several accounts.
    """
    actor.require(Action.MANAGE_COMPANY)
    user = find_or_create_account(values)
    membership = Membership.objects.visible_to(actor).filter(user=user).first()
    if membership is None:
        membership = new_membership(actor.company_id, user)
    elif membership.is_active:
        raise Conflict(ConflictReason.EXISTS, "This user is already a member.")
    membership.is_active = True
    assign_values(membership, {"role": Role.AGENT.value, **values})
    save_membership(membership, actor=actor)
    _issue(membership, by=actor.user_id)
    return membership


@transaction.atomic
def invite_or_add(name: str, role: Role, *, actor: Actor) -> Membership:
    """Invite somebody to the actor's company by e-mail address, or add an account by its username.

    :raises ValidationError: if the name is neither.
    :raises Conflict: as ``invite_member`` does.
    """
    actor.require(Action.MANAGE_COMPANY)
    if "@" in name and not User.objects.filter(username=name).exists():
        return invite_member({"email": name, "role": role.value}, actor=actor)
    company = Company.objects.get(pk=actor.company_id)
    return add_by_name(company, name, role, by=actor.user_id).membership


@transaction.atomic
def add_by_name(
    company: Company, name: str, role: Role | None, *, by: int | None = None, is_mailed: bool = True
) -> Added:
    """Add somebody to a company by username or e-mail address, or change the role of a member.

    Who is named by an address gets an invitation, unless they are a member who has signed up already.

    :param role: by default that of a member stays, and others become agents.
    :raises ValidationError: if the name is neither a legal username nor an e-mail address.
    """
    user, is_new = User.objects.filter(username=name).first(), False
    if user is None and "@" in name:
        user = find_or_create_account({"email": name})
    elif user is None:
        user, is_new = find_or_create_user(name)
    before = Membership.objects.filter(company=company, user=user).first()
    present = Role.AGENT if before is None else Role(before.role)
    membership = add_member(company, user, role or present)
    joined = before is not None and before.is_active and has_signed_up(user)
    link = "" if joined or not has_email_form(name) else _issue(membership, by=by, is_mailed=is_mailed)
    return Added(membership, link, needs_password=is_new)


@transaction.atomic
def resend_invitation(user_key: object, *, actor: Actor) -> Membership:
    """Send a member a new link; the former one stops working.

    :raises Conflict: if the invitation was accepted or withdrawn, or the account has no address.
    """
    actor.require(Action.MANAGE_COMPANY)
    membership = lock_membership(user_key, actor)
    if not membership.is_active:
        raise Conflict(ConflictReason.IN_USE, "The membership has ended: invite the person again.")
    invitation = _invitation_of(membership)
    joined = has_signed_up(membership.user) if invitation is None else invitation.accepted_at is not None
    if joined:
        raise Conflict(ConflictReason.EXISTS, "This member has joined already.")
    _issue(membership, by=actor.user_id)
    return membership


@transaction.atomic
def withdraw_invitation(user_key: object, *, actor: Actor) -> Membership:
    """Take an invitation back that was not accepted: its link stops working, and the membership ends.

    :raises Conflict: if there is none to take back.
    """
    actor.require(Action.MANAGE_COMPANY)
    membership = lock_membership(user_key, actor)
    invitation = _invitation_of(membership)
    taken = (InvitationState.ACCEPTED, InvitationState.WITHDRAWN)
    if invitation is None or invitation.state() in taken:
        raise Conflict(ConflictReason.IN_USE, "There is no open invitation to withdraw: end the membership.")
    invitation.withdrawn_at = timezone.now()
    invitation.save()
    audit.record(
        AuditEvent.INVITATION_WITHDRAWN,
        user=membership.user,
        by=actor.user_id,
        company=membership.company_id,
        detail=invitation.email,
    )
    membership.is_active = False
    return save_membership(membership, actor=actor)


def fault_of(membership: Membership) -> str | None:
    """Return why the invitation of a member could not be sent; None if it was."""
    invitation = Invitation.objects.get(membership=membership)
    return None if invitation.sent_at is not None else invitation.fault


def find_open(hashed: str) -> Invitation | None:
    """Return the invitation whose link has this hash, if the link still works."""
    rows = Invitation.objects.select_related("membership__user", "membership__company")
    found = rows.filter(hash=hashed).first()
    return found if found is not None and _still_works(found) else None


@transaction.atomic
def accept(hashed: str, *, password: str | None = None) -> Membership:
    """Accept an invitation once, and set the password of an account that has none.

    :raises NotFound: if the link works no more, or the account is somebody's by now and signs in instead.
    """
    invitation = Invitation.objects.select_for_update().filter(hash=hashed).first()
    if invitation is None:
        raise NotFound("invitation")
    # Two companies may have invited one person: the first password stays.
    user = User.objects.select_for_update().get(pk=invitation.membership.user_id)
    invitation.membership.user = user
    if not _still_works(invitation) or has_signed_up(user) != (password is None):
        raise NotFound("invitation")
    if password is not None:
        user.set_password(password)
        # The admin is where members work.
        user.is_staff = True
        user.save()
    invitation.accepted_at = timezone.now()
    invitation.save()
    company_id = invitation.membership.company_id
    audit.record(AuditEvent.INVITATION_ACCEPTED, user=user, company=company_id, detail=invitation.email)
    return invitation.membership


def _still_works(invitation: Invitation) -> bool:
    membership = invitation.membership
    actives = (membership.is_active, membership.user.is_active, membership.company.is_active)
    # A mail to a mistyped address must not open the account once the address is corrected.
    is_theirs = canonical_email(_address_of(membership.user)) == canonical_email(invitation.email)
    return invitation.is_open() and all(actives) and is_theirs


def _invitation_of(membership: Membership) -> Invitation | None:
    return Invitation.objects.select_for_update().filter(membership=membership).first()


def _address_of(user: User) -> str:
    return user.email or (user.username if has_email_form(user.username) else "")


def _issue(membership: Membership, *, by: int | None, is_mailed: bool = True) -> str:
    """Make a new link for a member, which voids the former one, and mail it after the commit; return it."""
    email = _address_of(membership.user)
    if not email:
        raise Conflict(ConflictReason.MATCH, NO_ADDRESS)
    raw = secrets.token_urlsafe(32)
    values = {
        "email": email,
        "hash": hash_token(raw),
        "invited_by_id": by,
        "expires_at": timezone.now() + timedelta(days=settings.INVITATION_DAYS),
        "sent_at": None,
        "fault": "",
        "accepted_at": None,
        "withdrawn_at": None,
    }
    invitation, _ = Invitation.objects.update_or_create(membership=membership, defaults=values)
    audit.record(
        AuditEvent.INVITATION_SENT,
        user=membership.user,
        by=by,
        company=membership.company_id,
        detail=email,
    )
    link = f"{public_address()}{reverse('invitation')}?token={raw}"
    if is_mailed:
        transaction.on_commit(partial(send, invitation, link), robust=True)
    return link
