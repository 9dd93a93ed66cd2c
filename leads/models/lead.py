"""Leads, which are sales opportunities, and the rules that each of them keeps."""

from collections.abc import Collection, Mapping
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.contenttypes.fields import GenericRelation
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models
from django.utils import timezone

from crm.database.tally_triggers import TalliedTable
from crm.models.channels import SocialChannel
from crm.models.custom_fields import EntityKind
from crm.models.external_ids import external_id_constraints
from crm.models.files import FileLink
from crm.models.lifecycle import LIVE
from crm.models.records import Record
from crm.money import AMOUNT_DIGITS, AMOUNT_PLACES, canonical_currency, check_currency
from leads.models import deal_value
from leads.models.amount_tallies import SUMMED_LEADS
from leads.models.lookups import LeadSource, LeadStatus, LeadType, StatusCategory
from leads.models.lost_reasons import LeadLostReason
from leads.models.querysets import LeadQuerySet
from leads.models.receivers import LeadReceiver
from leads.models.report_indexes import BOARD_INDEXES, RANGE_INDEXES, REPORT_INDEXES
from leads.models.rotting import LastActivity, record_activity
from people.models import Organization, Person
from people.models.canonical import (
    LONGEST_EMAIL,
    canonical_email,
    check_email,
    email_spellings,
    phone_spellings,
    search_text,
)
from people.models.phones import (
    LONGEST_DIALLED,
    canonical_phone,
    check_phone,
    cleaned_phone,
    dialled_number,
)
from pipelines.models import Pipeline, Stage

#: Bounds a text column, which the database itself does not.
LONGEST_TEXT = 100_000
LONGEST_PHONE = 64


class Lead(Record):
    """A sales opportunity that moves through the stages of a pipeline."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    title = models.CharField(max_length=255)
    firstname = models.CharField(max_length=120, null=True, blank=True)
    lastname = models.CharField(max_length=120, null=True, blank=True)
    email = models.CharField(max_length=254, null=True, blank=True, validators=[check_email])
    phone = models.CharField(max_length=LONGEST_PHONE, null=True, blank=True, validators=[check_phone])
    description = models.TextField(null=True, blank=True, validators=[MaxLengthValidator(LONGEST_TEXT)])
    reason_lost = models.TextField(null=True, blank=True, validators=[MaxLengthValidator(LONGEST_TEXT)])
    person = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="leads")
    organization = models.ForeignKey(
        Organization, on_delete=models.SET_NULL, null=True, blank=True, related_name="leads"
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        # ``lead_of_owner`` begins with it.
        db_index=False,
        related_name="owned_leads",
    )
    receiver = models.ForeignKey(
        LeadReceiver, on_delete=models.RESTRICT, null=True, blank=True, related_name="leads"
    )
    status = models.ForeignKey(LeadStatus, on_delete=models.RESTRICT, blank=True, related_name="leads")
    type = models.ForeignKey(LeadType, on_delete=models.RESTRICT, null=True, blank=True, related_name="leads")
    source = models.ForeignKey(
        LeadSource, on_delete=models.RESTRICT, null=True, blank=True, related_name="leads"
    )
    lost_reason = models.ForeignKey(
        LeadLostReason, on_delete=models.RESTRICT, null=True, blank=True, related_name="leads"
    )
    pipeline = models.ForeignKey(Pipeline, on_delete=models.RESTRICT, blank=True, related_name="leads")
    stage = models.ForeignKey(Stage, on_delete=models.RESTRICT, blank=True, related_name="leads")
    amount = models.DecimalField(
        max_digits=AMOUNT_DIGITS,
        decimal_places=AMOUNT_PLACES,
        null=True,
        blank=True,
        validators=deal_value.AMOUNT_RULES,
    )
    #: ISO 4217; a lead with an amount always has one.
    currency = models.CharField(max_length=3, null=True, blank=True, validators=[check_currency])
    expected_close_on = models.DateField(null=True, blank=True, validators=deal_value.CLOSE_RULES)
    #: In percent, of an open lead; the stage's where it is empty.
    probability = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=deal_value.PROBABILITY_RULES
    )
    participants = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="LeadParticipant", related_name="+"
    )
    followers = models.ManyToManyField(settings.AUTH_USER_MODEL, through="LeadFollower", related_name="+")
    channels = GenericRelation(SocialChannel)
    stage_changed_at = models.DateTimeField(blank=True, editable=False)
    #: When the lead was last worked on or entered its stage: set by leads/models/rotting.py alone.
    last_activity_at = models.DateTimeField(blank=True, editable=False)
    last_activity = models.CharField(
        max_length=7, choices=LastActivity.choices, default=LastActivity.STAGE, editable=False
    )
    closed_at = models.DateTimeField(null=True, blank=True, editable=False)
    email_canonical = models.CharField(max_length=LONGEST_EMAIL, null=True, blank=True, editable=False)
    phone_canonical = models.CharField(max_length=64, null=True, blank=True, editable=False)
    #: The phone number without its extension, by which a whole switchboard is found.
    phone_dialled = models.CharField(max_length=LONGEST_DIALLED, null=True, blank=True, editable=False)
    search_text = models.TextField(blank=True, editable=False)

    entity_kind = EntityKind.LEAD
    tallied_by = ("pipeline", "stage")

    #: The stored key of each optional relation, to find those that changed.
    _references: Mapping[str, int | None] = dict.fromkeys(
        ("person", "organization", "receiver", "type", "source", "lost_reason")
    )

    #: The stored values of columns that are checked only when they change.
    _checked: Mapping[str, str | None] = dict.fromkeys(("email", "phone", "currency"))

    #: They follow from other columns: left out of the history and of events.
    derived_columns: ClassVar[frozenset[str]] = frozenset(
        {
            "pipeline_id",
            "stage_changed_at",
            "last_activity_at",
            "last_activity",
            "closed_at",
            "email_canonical",
            "phone_canonical",
            "phone_dialled",
            "search_text",
        }
    )

    objects: ClassVar[LeadQuerySet["Lead"]] = LeadQuerySet["Lead"].as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = [
            models.Index(
                "company", models.F("created_at").desc(), "id", name="lead_newest_live", condition=LIVE
            ),
            models.Index(fields=["company", "email_canonical"], name="lead_email"),
            models.Index(fields=["company", "phone_canonical"], name="lead_phone"),
            models.Index(fields=["company", "phone_dialled"], name="lead_phone_dialled"),
            *REPORT_INDEXES,
            *BOARD_INDEXES,
            *RANGE_INDEXES,
        ]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(title=""),
                name="lead_title_not_empty",
                violation_error_message="A lead has a title.",
            ),
            *deal_value.CONSTRAINTS,
            *external_id_constraints("lead"),
        ]

    def __str__(self) -> str:
        return self.title

    @classmethod
    def tallied_tables(cls) -> list[TalliedTable]:
        return [*super().tallied_tables(), SUMMED_LEADS]

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Self:
        # By ``__dict__``: reading the attribute of a column that was deferred would cost a statement.
        lead = super().from_db(*args, **kwargs)
        lead._references = {name: lead.__dict__.get(f"{name}_id") for name in lead._references}
        lead._checked = {name: lead.__dict__.get(name) for name in lead._checked}
        return lead

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        # What is stored already may be from before the rules, and must not block other changes.
        unchanged = {name for name, stored in self._checked.items() if self.__dict__.get(name) == stored}
        super().clean_fields({*(exclude or ()), *unchanged})
        if self.phone and "phone" not in unchanged:
            self.phone = cleaned_phone(self.phone)
        if self.currency:
            self.currency = canonical_currency(self.currency)

    def clean(self) -> None:
        super().clean()
        self._check_stage()
        self._check_status()
        if self.amount is not None and not self.currency:
            self.currency = self.company.currency
        if self._state.adding:
            self._copy_contact_from_person()
        # Only new relations: the others were checked when they were stored, and reading one is a statement.
        new = (name for name, key in self._references.items() if getattr(self, f"{name}_id") != key)
        self.check_same_company(**{name: getattr(self, name) for name in new})
        self.set_search_columns()

    def _check_stage(self) -> None:
        # A lead is always in a stage, and in the pipeline of that stage.
        if self.stage_id is None:
            if self.pipeline_id is None:
                default = Pipeline.objects.default_of(self.company_id).first()
                if default is None:
                    raise ValidationError({"stage": "The company has no default pipeline."})
                self.pipeline = default
            entry = Stage.objects.entry_of(self.pipeline_id)
            if entry is None:
                raise ValidationError({"pipeline": "This pipeline has no stages."})
            self.stage = entry
        self.check_same_company(stage=self.stage)
        self.pipeline_id = self.stage.pipeline_id
        if self.stage_changed_at is None:
            self.stage_changed_at = timezone.now()
        record_activity(self, LastActivity.STAGE, at=self.stage_changed_at)

    def _check_status(self) -> None:
        # A lead without a status has the company's default one.
        if self.status_id is None:
            default = LeadStatus.objects.default_of(self.company_id).first()
            if default is None:
                raise ValidationError({"status": "The company has no default status."})
            self.status = default
        self.check_same_company(status=self.status)
        # An open lead is not closed. A lost one has a reason, and one that is closed otherwise may have one.
        if self.status.is_open:
            self.closed_at = None
        else:
            self.closed_at = self.closed_at or timezone.now()
        if self.status.category in (StatusCategory.OPEN, StatusCategory.WON):
            self.reason_lost = None
            self.lost_reason = None
        # A company may require the reason of every loss.
        if (
            self.status.category == StatusCategory.LOST
            and not self.reason_lost
            and self.lost_reason_id is None
            and self.company.reason_lost_required
        ):
            raise ValidationError({"reason_lost": "Enter why the lead was lost."})

    def _copy_contact_from_person(self) -> None:
        # The lead keeps contact data of its own for the time when the person is deleted.
        if self.person is None:
            return
        self.firstname = self.firstname or self.person.firstname
        self.lastname = self.lastname or self.person.lastname
        self.email = self.email or self.person.email
        self.phone = self.phone or self._phone_of_person()

    def _phone_of_person(self) -> str | None:
        if self.person is None:
            return None
        # An annotation, which only a query set with ``with_main_phone`` has read.
        if "main_phone" not in self.person.__dict__:
            self.person = Person.objects.with_main_phone().get(pk=self.person.pk)
        phone: str | None = self.person.__dict__["main_phone"]
        # A contact's value may be longer than this column.
        return phone and phone[:LONGEST_PHONE]

    def set_search_columns(self) -> None:
        """Set the canonical e-mail and phone, and the text that the lead is searched by."""
        self.email_canonical = canonical_email(self.email)
        # The region is that of numbers without "+". It is a column of the company, which may not be read yet.
        international = (self.phone or "").startswith("+")
        region = self.company.region if self.phone and not international else None
        self.phone_canonical = canonical_phone(self.phone, region)
        self.phone_dialled = dialled_number(self.phone, region)
        self.search_text = search_text(
            self.title,
            " ".join(part for part in (self.firstname, self.lastname) if part),
            *email_spellings(self.email),
            *phone_spellings(self.phone, self.phone_canonical),
        )

    @staticmethod
    def win_probability() -> models.Case:
        """Return the expression for the probability of a lead, also for apps below this one."""
        return deal_value.win_probability()


class LeadFile(FileLink):
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="file_links")
