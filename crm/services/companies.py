"""Settings of companies, and user accounts."""

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db import transaction

from crm.actors import Action, Actor, Role
from crm.models import (
    Company,
    CustomFieldDefinition,
    CustomFieldKind,
    EntityKind,
    Membership,
    RegisteredDocument,
    User,
)
from crm.models.accounts import canonical_username
from crm.services import saving
from crm.services.members import keep_an_administrator
from crm.signals import region_changed
from crm.texts import name_key

NEEDED = ("name", "region", "currency", "lead_visibility", "reason_lost_required", "flag_duplicate_leads")
TEXTS = ("website", "email", "phone", "language", "timezone", "amount_custom_field")
ADDRESS = ("address", "address_2", "city", "state", "zip", "country")


@transaction.atomic
def find_or_create_user(username: str, *, is_staff: bool = True) -> tuple[User, bool]:
    """Return the user with this name and whether it is new; a new user has no usable password.

    A name that is an e-mail address is found in its other spellings too.

    :raises ValidationError: if the name is not a legal username.
    """
    user = User.objects.filter(username=username).first()
    if user is None and "@" in username:
        user = User.objects.filter(username_canonical=canonical_username(username)).first()
    if user is not None:
        return user, False
    user = User(username=username, is_staff=is_staff)
    user.set_unusable_password()
    user.full_clean(exclude=["password"])
    user.save()
    return user, True


@transaction.atomic
def update_company(values: Mapping[str, object], *, actor: Actor) -> Company:
    actor.require(Action.MANAGE_COMPANY)
    # Without the key: inserts of rows with a foreign key to the company need not wait.
    company = Company.objects.select_for_update(no_key=True).get(pk=actor.company_id)
    saving.refuse_null(values, NEEDED)
    saving.assign(company, values, (*NEEDED, *TEXTS, *ADDRESS))
    if "default_owner_id" in values:
        company.default_owner = _owner(values["default_owner_id"], actor)
    return save_company(company, actor=actor)


def _owner(key: object, actor: Actor) -> User | None:
    if saving.is_none_given(key):
        return None
    user: User = User.objects.find(actor, key, argument="default_owner_id")
    return user


@transaction.atomic
def save_company(company: Company, *, actor: Actor) -> Company:
    """Validate and store the settings of the actor's company.

    Phone numbers without a prefix are normalized again if the region changed.

    :raises ValidationError: if a rule is broken; the default owner is an active member above viewer,
        and documents are registered before no others may run.
    """
    actor.require(Action.MANAGE_COMPANY)
    saving.validate(company)
    before = Company.objects.select_for_update(no_key=True).get(pk=company.pk)
    owner_id = company.default_owner_id
    if owner_id is not None and owner_id != before.default_owner_id:
        assignable = User.objects.assignable_in(company.pk)
        if not assignable.filter(pk=owner_id).exists():
            message = "An owner is an active member who is not a viewer."
            raise ValidationError({"default_owner": [message]})
    # Or every client of the company would stand still.
    if company.registered_documents_only and not before.registered_documents_only:
        registered = RegisteredDocument.objects.runnable_by(actor)
        if not registered.exists():
            message = "No document is registered yet: an operator does that with register_documents."
            raise ValidationError({"registered_documents_only": [message]})
    if company.amount_custom_field and company.amount_custom_field != before.amount_custom_field:
        _check_amount_field(company.amount_custom_field, actor)
    company.save()
    if company.region != before.region:
        region_changed.send(sender=Company, company=company)
    return company


def _check_amount_field(name: str, actor: Actor) -> None:
    # A field without a definition holds what integrations send.
    defined = CustomFieldDefinition.objects.visible_to(actor).filter(model=EntityKind.LEAD)
    definition = defined.filter(name_key=name_key(name)).first()
    if definition is not None and definition.kind not in (CustomFieldKind.NUMBER, CustomFieldKind.TEXT):
        message = "This custom field holds no numbers: name one of the kind number or text."
        raise ValidationError({"amount_custom_field": [message]})


@transaction.atomic
def save_user(user: User) -> User:
    """Validate and store a user's account.

    :raises Conflict: if a company would be left without an administrator who can sign in.
    """
    user.full_clean(exclude=["password"])
    if not user.is_active and not user._state.adding:
        led = Membership.objects.filter(user=user, role=Role.ADMIN.value, is_active=True).order_by("company")
        for membership in led.select_related("user"):
            keep_an_administrator(membership, ends=True)
    user.save()
    return user
