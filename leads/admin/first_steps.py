"""The first steps of a company without leads, and which of them are done."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from crm.actors import Action, Actor
from crm.models import Company, Membership
from leads.models import LeadReceiver
from people.models import Person
from pipelines.models import Pipeline, Stage


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step; it leads to the page on which it is done."""

    label: str
    hint: str
    address: str
    is_done: bool


def first_steps(actor: Actor) -> list[Step]:
    """Return the steps that a member may take, those of the set-up behind the daily ones."""
    steps = [
        Step(
            label=_("Add your first lead"),
            hint=_("With its person and organization"),
            address=reverse("admin:leads_lead_add"),
            is_done=False,
        ),
        Step(
            label=_("Add people"),
            hint=_("Or import a file, under Imports")
            if actor.may(Action.IMPORT)
            else _("Or ask a manager to import a file"),
            address=reverse("admin:people_person_add"),
            is_done=Person.objects.visible_to(actor).exists(),
        ),
    ]
    if actor.may(Action.CHANGE_LOOKUPS):
        steps += _of_managers(actor)
    if actor.may(Action.MANAGE_COMPANY):
        steps += _of_administrators(actor)
    return steps


def _of_managers(actor: Actor) -> list[Step]:
    pipeline = Pipeline.objects.visible_to(actor).order_by("-is_default", "weight", "pk").first()
    receivers = LeadReceiver.objects.visible_to(actor)
    return [
        Step(
            label=_("Fit the pipeline to your sales"),
            hint=_("Stages, their chances, and after how many days a lead rots"),
            address=reverse("admin:pipelines_pipeline_changelist")
            if pipeline is None
            else reverse("admin:pipelines_pipeline_stages", args=[pipeline.pk]),
            # Whoever changed a stage has looked at them.
            is_done=Stage.objects.visible_to(actor).filter(version__gt=1).exists(),
        ),
        Step(
            label=_("Connect your web form"),
            hint=_("A receiver has an address that takes leads"),
            address=reverse("admin:leads_leadreceiver_changelist"),
            is_done=receivers.filter(is_default=False).exists(),
        ),
    ]


def _of_administrators(actor: Actor) -> list[Step]:
    company = Company.objects.visible_to(actor).get()
    colleagues = Membership.objects.visible_to(actor).exclude(user=actor.user_id)
    return [
        Step(
            label=_("Complete your company"),
            hint=_("Logo, time zone and currency"),
            address=reverse("admin:crm_company_change", args=[actor.company_id]),
            is_done=bool(company.timezone),
        ),
        Step(
            label=_("Invite your colleagues"),
            hint=_("Each with a role"),
            address=reverse("admin:crm_membership_changelist"),
            is_done=colleagues.exists(),
        ),
    ]
