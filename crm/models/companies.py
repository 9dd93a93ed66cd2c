"""Companies, which are the tenants, and their members."""

import uuid
from typing import ClassVar, Self

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from phonenumbers import SUPPORTED_REGIONS

from crm.actors import Actor, Role
from crm.database.patterns import holding_pattern
from crm.dates import check_time_zone
from crm.models.accounts import User
from crm.models.base import Stamped
from crm.models.browser_sessions import BrowserSession
from crm.money import CURRENCIES, UNKNOWN_CURRENCY, canonical_currency

#: Of a company whose region nobody chose.
DEFAULT_REGION = "US"
DEFAULT_CURRENCY = "USD"
#: Of the mail that tells a member of a day's notifications.
DEFAULT_DIGEST_HOUR = 8
LAST_HOUR = 23


class LeadVisibility(models.TextChoices):
    """Which leads an agent or viewer sees."""

    ALL = "ALL", "All leads"
    OWN = "OWN", "Own leads only"


class CompanyQuerySet(models.QuerySet["Company"]):
    def visible_to(self, actor: Actor) -> Self:
        """Narrow to the actor's company, if the user is an active member."""
        return self.filter(pk=actor.company_id, memberships__user=actor.user_id, memberships__is_active=True)

    def open_to(self, actor: Actor) -> Self:
        """Narrow to the companies that the credential is valid for: all of the user's, or the current one."""
        if actor.opens_all and actor.user_id is not None:
            return self.joined_by(actor.user_id)
        return self.visible_to(actor)

    def search(self, text: str, _actor: Actor | None = None) -> Self:
        found = self
        for word in text.split():
            found = found.filter(name__like=holding_pattern(word))
        return found

    def joined_by(self, user_id: int) -> Self:
        """Narrow to the active companies in which a user is an active member."""
        return self.filter(is_active=True, memberships__user_id=user_id, memberships__is_active=True)


class Company(Stamped):
    """A tenant: one sales organization with its own people, leads and settings."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=255)
    website = models.CharField(max_length=255, null=True, blank=True)
    email = models.EmailField(null=True, blank=True)
    phone = models.CharField(max_length=64, null=True, blank=True)
    address = models.CharField(max_length=255, null=True, blank=True)
    address_2 = models.CharField(max_length=255, null=True, blank=True)
    city = models.CharField(max_length=120, null=True, blank=True)
    state = models.CharField(max_length=120, null=True, blank=True)
    zip = models.CharField(max_length=32, null=True, blank=True)
    country = models.CharField(max_length=120, null=True, blank=True)
    language = models.CharField(max_length=16, null=True, blank=True)
    timezone = models.CharField(max_length=64, null=True, blank=True)
    region = models.CharField(
        max_length=2,
        default=DEFAULT_REGION,
        help_text="Country code that phone numbers without a prefix belong to.",
    )
    currency = models.CharField(
        max_length=3,
        default=DEFAULT_CURRENCY,
        db_default=DEFAULT_CURRENCY,
        help_text="ISO 4217 code of the currency of amounts that come without one, such as EUR.",
    )
    amount_custom_field = models.CharField(
        max_length=255,
        null=True,
        blank=True,
        help_text="Name of the custom field whose number becomes the amount of a new lead that has none.",
    )
    #: Of its ``CompanyLogo``, whose address has it; empty without one.
    logo_hash = models.CharField(max_length=64, blank=True, default="", db_default="", editable=False)
    is_active = models.BooleanField(default=True)
    lead_visibility = models.CharField(
        max_length=8, choices=LeadVisibility.choices, default=LeadVisibility.ALL
    )
    reason_lost_required = models.BooleanField(default=False)
    flag_duplicate_leads = models.BooleanField(
        "one open lead per person",
        default=False,
        help_text="A further lead of a person with an open one gets the status Duplicate.",
    )
    registered_documents_only = models.BooleanField(
        default=False,
        help_text="The API runs no other documents than registered ones.",
    )
    second_factor_required = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Members sign in with a code of an authenticator app too. Members without one are asked to"
        " set it up before they can go on. API tokens keep working.",
    )
    default_owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Who owns leads that neither a rotation nor a receiver gives to anybody.",
    )

    objects: ClassVar[models.Manager["Company"]] = CompanyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "companies"

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        self.name = self.name.strip()
        self.region = self.region.strip().upper()
        self.currency = canonical_currency(self.currency)
        errors = {}
        if self.currency not in CURRENCIES:
            errors["currency"] = UNKNOWN_CURRENCY
        # libphonenumber reads numbers without a country code as numbers of this region.
        if self.region not in SUPPORTED_REGIONS:
            errors["region"] = "Enter a country code of two letters, such as US."
        try:
            check_time_zone(self.timezone)
        except ValueError as refused:
            errors["timezone"] = str(refused)
        if errors:
            raise ValidationError(errors)

    def is_visible_to(self, actor: Actor) -> bool:
        return self.pk == actor.company_id


def region_of(actor: Actor) -> str:
    """Return the country code of phone numbers without a prefix, for an actor's company."""
    # Read with the rights of a member, so that a search costs no statement more.
    return actor.region or Company.objects.only("region").get(pk=actor.company_id).region


class MembershipQuerySet(models.QuerySet["Membership"]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(company_id=actor.company_id)

    def active(self) -> Self:
        """Narrow to memberships whose user, company and membership itself are active."""
        return self.filter(is_active=True, user__is_active=True, company__is_active=True)

    def open_to_sessions(self) -> Self:
        """Narrow to users who have a second factor, or are members of no company that requires one."""
        required = Membership.objects.active().filter(
            user=OuterRef("user"), company__second_factor_required=True
        )
        factors = Authenticator.objects.filter(user=OuterRef("user"), type=Authenticator.Type.TOTP)
        return self.filter(~Exists(required) | Exists(factors))

    def with_last_seen(self) -> Self:
        """Annotate ``seen_at``: when a browser of the user was last used, else the last sign-in."""
        sessions = BrowserSession.objects.filter(user=OuterRef("user")).order_by("-last_seen_at")
        return self.annotate(
            seen_at=Coalesce(Subquery(sessions.values("last_seen_at")[:1]), "user__last_login")
        )

    def search(self, text: str, _actor: Actor | None = None) -> Self:
        return self.filter(user__in=User.objects.search(text).values("pk"))


class Membership(Stamped):
    """The membership of a user in a company, with one role; ended by ``is_active``, never deleted."""

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(
        max_length=8,
        choices=[(role.value, role.value.capitalize()) for role in Role],
        default=Role.AGENT.value,
    )
    is_active = models.BooleanField(default=True)
    is_default = models.BooleanField(default=False, help_text="The company this user works in unless told.")
    member_id = models.CharField(
        max_length=64, null=True, blank=True, help_text="What other systems of the company call this member."
    )
    capacity = models.PositiveIntegerField(
        null=True, blank=True, help_text="Most open leads that a rotation fills up to; empty for no limit."
    )

    digest_hour = models.PositiveSmallIntegerField(
        default=DEFAULT_DIGEST_HOUR,
        db_default=DEFAULT_DIGEST_HOUR,
        validators=[MaxValueValidator(LAST_HOUR, message="Enter an hour of the day, 0 to 23.")],
        help_text="Hour of the day, in the member's time zone, from which the daily mail is sent.",
    )

    objects: ClassVar[models.Manager["Membership"]] = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["company", "user"],
                name="membership_once",
                violation_error_message="This user is already a member of the company.",
            ),
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(is_default=True),
                name="membership_one_default",
                violation_error_message="This user already has a default company.",
            ),
            models.UniqueConstraint(
                fields=["company", "member_id"],
                name="membership_member_id_once",
                violation_error_message="Another member has this member id.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.company}: {self.role.capitalize()}"
