"""The admin of leads."""

from collections.abc import Sequence
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.actors import Action
from crm.admin.base import UNNARROWED, Fieldsets, acting, visible_rows
from crm.admin.custom_fields import DefinedFieldsAdmin
from crm.admin.dates import shown_day
from crm.admin.exports import EXPORT, ExportsList
from crm.admin.files import WithFiles, set_relations
from crm.admin.filters import DeletedFilter, VisibleRelatedFilter
from crm.admin.frame.fragments import is_fragment
from crm.admin.money import shown_amount
from crm.admin.timeline import WithTimeline
from crm.admin.writing import CreatesThroughService, FormSet
from crm.database.keys import parse_id
from crm.models import Activity
from crm.models.external_ids import EXTERNAL_ID_COLUMNS
from crm.services import stored_rows
from leads.admin.amount_range import AmountFilter
from leads.admin.board.pages import WithBoard
from leads.admin.day_ranges import DAY_RANGES
from leads.admin.following import WithFollowing
from leads.admin.forms import ARGUMENTS, LeadForm, StageField
from leads.admin.list_days import DAYS_FILTERS
from leads.admin.list_filters import OfOrganization, OfPerson, OpenFilter, TagFilter
from leads.admin.mails import WritesMails
from leads.admin.many import ChangesManyLeads, sentence_of_tasks
from leads.admin.new_lead import NewLeadFields, NewLeadForm
from leads.admin.owners import OwnerFilter, RottingFilter
from leads.admin.people_of_lead import NamesPeople
from leads.admin.record_head import LeadPage
from leads.admin.reports.pages import HasReports
from leads.admin.rotting import ExplainsRotting
from leads.admin.team import WithTeam
from leads.models import Lead, LeadStatus, StatusCategory
from leads.models.deal_value import READERS
from leads.services.duplicate_warning import leads_like
from leads.services.lead_input import LeadValues
from leads.services.leads import create_lead, delete_lead, restore_lead, save_lead
from leads.services.list_totals import worth_of
from people.admin.warnings import WarnsOfDuplicates

TEXTS = (
    *("title", "firstname", "lastname", "email", "phone", "description", "reason_lost"),
    *EXTERNAL_ID_COLUMNS,
)
#: The relations that are read by statements of their own: joining four more tables takes longer to plan.
RELATIONS = ("status", "pipeline", "stage", "source")


#: Shown for leads that are lost or closed.
LOST_FIELDS = ("lost_reason", "reason_lost")
WITH_REASON = (StatusCategory.LOST, StatusCategory.CLOSED)
#: Fields by which the business of a lead is recognized.
RECOGNIZED = {"person", "email", "phone"}


@admin.register(Lead)
class LeadAdmin(
    LeadPage,
    ExplainsRotting,
    WithBoard,
    HasReports,
    WithTeam,
    WithFollowing,
    NamesPeople,
    WritesMails,
    WarnsOfDuplicates,
    ChangesManyLeads,
    CreatesThroughService[Lead],
    ExportsList,
    WithFiles,
    WithTimeline,
    DefinedFieldsAdmin,
    NewLeadFields,
):
    form = LeadForm
    add_form = NewLeadForm
    write_action = Action.CHANGE_LEADS
    delete_service = staticmethod(delete_lead)
    restore_service = staticmethod(restore_lead)
    actions = ("change_selected", EXPORT, "restore_selected", "delete_selected")
    list_display = (
        "title",
        "live_person",
        "live_organization",
        "owner",
        "stage_name",
        "value",
        "closing_day",
        "untouched_since",
        "status",
    )
    further_columns = ("source", "probability", "email", "phone", "created")
    usual_views = (
        (_("My open leads"), "owned=mine&open=yes&o=untouched_since"),
        (_("All open leads"), "open=yes"),
        (_("Rotting"), "rotting=yes&o=untouched_since"),
    )
    list_filter = (
        OpenFilter,
        OwnerFilter,
        AmountFilter,
        *DAY_RANGES,
        RottingFilter,
        TagFilter,
        *((name, VisibleRelatedFilter) for name in RELATIONS),
        ("type", VisibleRelatedFilter),
        ("lost_reason", VisibleRelatedFilter),
        *DAYS_FILTERS,
        OfPerson,
        OfOrganization,
        DeletedFilter,
    )
    list_select_related = ("person", "organization", "owner")
    search_fields = ("title",)
    search_help_text = _("Title, name, e-mail or phone number")
    ordering = ("-created_at", "pk")
    owner_fields = ("owner",)
    autocomplete_fields = ("person", "organization", "owner", "stage", "tags")
    shown_instead = {"person": "live_person", "organization": "live_organization", "amount": "shown_amount"}
    fieldsets = (
        (None, {"fields": ("title", ("status", "stage"), LOST_FIELDS, "owner", "team")}),
        (
            _("Value"),
            {
                "fields": (("amount", "currency"), ("expected_close_on", "probability")),
                "description": _("An open lead without a probability has that of its stage."),
            },
        ),
        (_("Customer"), {"fields": ("person", "organization")}),
        (
            _("Contact at the time of the request"),
            {
                "fields": (("firstname", "lastname"), ("email", "phone")),
                "description": _("Where it is empty, a new lead takes it from the person."),
            },
        ),
        (_("Origin"), {"fields": (("type", "source"), "receiver", EXTERNAL_ID_COLUMNS)}),
        (_("Details"), {"fields": ("description", "tags", "custom_fields")}),
    )

    class Media:
        # The dialog that moves a lead, and the people beside its form.
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("leads/moves.css", "leads/people_of_lead.css")}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Lead]:
        return super().get_queryset(request).prefetch_related(*RELATIONS)

    @admin.display(description=_("person"), ordering="person__name")
    def live_person(self, lead: Lead) -> str | None:
        return str(lead.person) if lead.person and lead.person.deleted_at is None else None

    @admin.display(description=_("organization"), ordering="organization__name")
    def live_organization(self, lead: Lead) -> str | None:
        shown = lead.organization and lead.organization.deleted_at is None
        return str(lead.organization) if shown else None

    @admin.display(description=_("stage"), ordering="stage__weight")
    def stage_name(self, lead: Lead) -> str:
        # The pipeline only where it tells something: most companies have one.
        return str(lead.stage) if lead.pipeline.is_default else f"{lead.pipeline}: {lead.stage}"

    @admin.display(description=_("value"), ordering="amount")
    def value(self, lead: Lead) -> str | None:
        return shown_amount(lead.amount, lead.currency) or None

    @admin.display(description=_("amount"))
    def shown_amount(self, lead: Lead) -> str | None:
        # Django would leave out what parts thousands; the currency has a field of its own.
        return shown_amount(lead.amount, None) or None

    @admin.display(description=_("last worked on"), ordering="last_activity_at")
    def untouched_since(self, lead: Lead) -> str:
        return shown_day(timezone.localtime(lead.last_activity_at).date())

    @admin.display(description=_("Expected to close on"), ordering="expected_close_on")
    def closing_day(self, lead: Lead) -> str | None:
        # As the other days of the list: Django would write it out.
        return None if lead.expected_close_on is None else shown_day(lead.expected_close_on)

    def totals_of(self, request: HttpRequest, rows: QuerySet[Lead], count: int) -> list[str]:
        is_whole = request.GET.keys() <= UNNARROWED
        worth = worth_of(rows, count, is_whole=is_whole, actor=acting(request))
        return [shown_amount(amount, currency) for currency, amount in worth]

    @admin.display(description=_("created"), ordering="created_at")
    def created(self, lead: Lead) -> str:
        # The day alone: this column is narrow.
        return shown_day(timezone.localtime(lead.created_at).date())

    @admin.display(description=_("participants"))
    def team(self, lead: Lead) -> str:
        # For viewers, who see values in place of the form's fields.
        return ", ".join(str(user) for user in lead.participants.order_by("displayname", "pk"))

    def get_fieldsets(self, request: HttpRequest, obj: Lead | None = None) -> Fieldsets:
        """Leave out why a lead was lost, unless it is, or is about to be."""
        fieldsets = super().get_fieldsets(request, obj)
        if self._has_reason(request, obj):
            return fieldsets
        return [
            (title, {**options, "fields": tuple(each for each in options["fields"] if each != LOST_FIELDS)})
            for title, options in fieldsets
        ]

    def _has_reason(self, request: HttpRequest, obj: Lead | None) -> bool:
        # Looked up once for each posted status, which changes if the form is put over newer values.
        found: dict[int | None, bool] = vars(request).setdefault("has_reason", {})
        wanted = parse_id(request.POST.get("status", ""))
        if wanted not in found:
            status = obj.status if obj is not None else None
            if wanted is not None:
                status = visible_rows(LeadStatus, request).filter(pk=wanted).first()
            found[wanted] = status is not None and status.category in WITH_REASON
        return found[wanted]

    def whose(self, row: Any) -> str:
        if not isinstance(row, Lead):
            return super().whose(row)
        return gettext("owner %(owner)s") % {"owner": row.owner} if row.owner else gettext("without an owner")

    def formfield_for_foreignkey(
        self, db_field: models.ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.ModelChoiceField[Any] | None:
        if db_field.name == "stage":
            kwargs["form_class"] = StageField
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def make(self, request: HttpRequest, form: NewLeadForm) -> Lead:
        # Empty fields are left out of the input: a null that is given means none, and not the default.
        cleaned, actor = form.cleaned_data, acting(request)
        self.warn(form, [*leads_like(form.instance, actor=actor), *form.like(actor)])
        values: dict[str, object] = {name: cleaned[name] for name in TEXTS if cleaned.get(name)}
        values |= {name: cleaned[name] for name in READERS if cleaned[name] is not None}
        for name, argument in ARGUMENTS.items():
            if cleaned.get(name) is not None:
                values[argument] = cleaned[name].pk
        values |= self._relations(form)
        values |= form.made_records(actor)
        values["custom_fields"] = [
            {"name": name, "value": value} for name, value in cleaned["custom_fields"].items()
        ]
        return create_lead(cast(LeadValues, values), actor=actor)

    def _relations(self, form: LeadForm) -> LeadValues:
        values: LeadValues = {}
        set_relations(values, form)
        if "team" in form.changed_data:
            values["participants_id"] = [user.pk for user in form.cleaned_data["team"]]
        return values

    def store(self, request: HttpRequest, form: LeadForm, formsets: Sequence[FormSet]) -> None:
        if RECOGNIZED & {*form.changed_data}:
            self.warn(form, leads_like(form.instance, actor=acting(request)))
        # All at once: one version, one entry of the history and one event.
        with stored_rows.observed() as stored:
            save_lead(
                form.instance,
                actor=acting(request),
                values=self._relations(form),
                expected_version=form.expected_version,
            )
        tasks = sentence_of_tasks(stored_rows.count_of(Activity, stored))
        # A page that is changed in place shows its tasks anew.
        if tasks and not is_fragment(request):
            self.message_user(request, tasks)
