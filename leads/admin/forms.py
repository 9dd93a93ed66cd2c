"""The form of a lead."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.admin.autocomplete import KeySelectMultiple
from crm.admin.files import TakesFile
from crm.admin.forms import Cleaned, VersionedForm
from crm.admin.money import AmountField, CurrencyField, check_unit
from crm.models import User
from crm.money import AMOUNT_PLACES
from leads.models import Lead, LeadParticipant, StatusCategory
from leads.services.currencies import used_currencies
from people.admin.warnings import MayBeKnown
from people.services.person_organizations import only_organization_of
from pipelines.models import Stage

#: The argument of ``create_lead`` for each relation of the form.
ARGUMENTS = {
    "person": "people_id",
    "organization": "organization_id",
    "owner": "leads_owner_id",
    "receiver": "receiver_id",
    "status": "status_id",
    "type": "type_id",
    "source": "source_id",
    "lost_reason": "lost_reason_id",
    "stage": "pipeline_stage_id",
}
#: The help texts that say what an empty field of a new lead means.
DEFAULTS = {
    "status": _("If left empty: the usual one."),
    "stage": _("If left empty: the first one."),
    "owner": _("If left empty: whoever is next for new leads."),
    "receiver": _(
        "The web form, mailbox or other way by which the lead came in. If left empty: the usual one."
    ),
    "type": _("If left empty: the usual one for this receiver."),
    "source": _("If left empty: the usual one for this receiver."),
    "organization": _("If left empty: the organization of the person."),
}


REASON_MISSING = _("Choose why the lead was lost, or write it down.")


class StageField(forms.ModelChoiceField[Stage]):
    """A choice of stages, labelled with their pipelines."""

    def label_from_instance(self, obj: Stage) -> str:
        # Stages of several pipelines often have the same names.
        return f"{obj.pipeline}: {obj}"


class LeadForm(MayBeKnown, TakesFile, VersionedForm[Lead]):
    """A lead with its tags and participants."""

    # Not a model field: participants are rows of their own, and a service stores them.
    team: forms.ModelMultipleChoiceField[User] = forms.ModelMultipleChoiceField(
        queryset=None,
        required=False,
        label=_("Colleagues who take part"),
        widget=KeySelectMultiple(LeadParticipant._meta.get_field("user"), admin.site),
    )

    amount = AmountField(label=_("Amount"), required=False, decimal_places=AMOUNT_PLACES)
    currency = CurrencyField(label=_("Currency"), required=False)

    fields_of_arguments = {
        **{argument: name for name, argument in ARGUMENTS.items()},
        "pipeline": "stage",
        "pipeline_id": "stage",
        "participants_id": "team",
        **TakesFile.fields_of_arguments,
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        adding = self.instance._state.adding
        if self.actor is not None:
            self._choices("team").queryset = User.objects.visible_to(self.actor)
        for name in DEFAULTS.keys() & self.fields.keys():
            self.fields[name].help_text = DEFAULTS[name] if adding else ""
            self.fields[name].required = name in ("status", "stage") and not adding
        if "currency" in self.fields and self.actor is not None:
            self._choices("currency").offer(
                self.instance.currency,
                # The currency of an amount that comes without one.
                usual=self.instance.company.currency,
                used=used_currencies(self.actor),
            )
        if not adding:
            self.initial["team"] = [
                participation.user_id for participation in self.instance.participations.all()
            ]
            self._offer_present_owner()
        if "lost_reason" in self.fields:
            # An inactive reason stays on the leads that have it.
            rows = self._choices("lost_reason").queryset
            present = Q(is_active=True) | Q(pk=self.instance.lost_reason_id)
            self._choices("lost_reason").queryset = rows.filter(present).order_by("weight", "pk")

    def clean_amount(self) -> Decimal | None:
        """Refuse an amount with the sign of another currency than the chosen one."""
        amount: Decimal | None = self.cleaned_data["amount"]
        if amount is not None and "currency" in self.fields:
            check_unit(str(self["amount"].data), self["currency"].data or self.instance.company.currency)
        return amount

    def clean(self) -> Cleaned | None:
        """Ask why a lead is lost when it is lost, and only then."""
        cleaned: Cleaned = super().clean() or self.cleaned_data
        self._bring_organization(cleaned)
        status = cleaned.get("status")
        is_lost_now = status is not None and status.category == StatusCategory.LOST
        is_told = cleaned.get("lost_reason") or cleaned.get("reason_lost")
        is_asked = is_lost_now and "status" in self.changed_data and "reason_lost" in self.fields
        # Where the company requires it at every door, the lead itself says so.
        if is_asked and not is_told and not self.instance.company.reason_lost_required:
            self.add_error("reason_lost", REASON_MISSING)
        return cleaned

    def _bring_organization(self, cleaned: Cleaned) -> None:
        """Set the organization of a person who was just chosen, unless the lead has one."""
        person = cleaned.get("person")
        is_free = not cleaned.get("organization") and not {"organization", "organization_name"} & {
            *self.changed_data
        }
        if person and is_free and "person" in self.changed_data and self.actor is not None:
            cleaned["organization"] = only_organization_of(person, self.actor)

    def name_in_history(self, name: str) -> str:
        """Return how the history names a field of the form."""
        return "participants" if name == "team" else super().name_in_history(name)

    def _choices(self, name: str) -> Any:
        return self.fields[name]

    def _offer_present_owner(self) -> None:
        # An owner who became a viewer stays until another one is chosen: else no other field could be saved.
        if "owner" in self.fields and self.actor is not None and self.instance.owner_id is not None:
            offered = self._choices("owner").queryset.order_by().values("pk")
            either = Q(pk__in=offered) | Q(pk=self.instance.owner_id)
            members = User.objects.visible_to(self.actor)
            self._choices("owner").queryset = members.filter(either).order_by("displayname", "pk")
