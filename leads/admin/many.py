"""Change many leads at once: owner, stage, status with its reason, source and tags."""

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from crm.actors import Actor
from crm.admin.base import assignable_users
from crm.admin.many import ChangesMany, ManyForm
from crm.admin.tag_fields import TagsForm
from crm.database.keys import parse_id
from crm.models import Activity, User
from crm.models.history import HistoryEntry
from crm.services import stored_rows
from crm.services.bulk import BulkResult
from leads.admin.forms import StageField
from leads.models import LeadLostReason, LeadSource, LeadStatus, StatusCategory
from leads.services.bulk import change_leads, undo_lead_change
from leads.services.lead_input import LeadValues
from pipelines.models import Stage

UNCHANGED = _("Leave as it is")
NOBODY = "nobody"


class ManyLeadsForm(TagsForm):
    """The form of a change of many leads."""

    owner = forms.ChoiceField(label=_("Owner"), required=False)
    stage = StageField(label=_("Stage"), queryset=None, required=False, empty_label=UNCHANGED)
    status: forms.ModelChoiceField[LeadStatus] = forms.ModelChoiceField(
        label=_("Status"), queryset=None, required=False, empty_label=UNCHANGED
    )
    lost_reason: forms.ModelChoiceField[LeadLostReason] = forms.ModelChoiceField(
        label=_("Lost reason"), queryset=None, required=False, empty_label=UNCHANGED
    )
    reason_lost = forms.CharField(required=False, label=_("Reason in your words"))
    source: forms.ModelChoiceField[LeadSource] = forms.ModelChoiceField(
        label=_("Source"), queryset=None, required=False, empty_label=UNCHANGED
    )

    field_order = ("owner", "stage", "status", "lost_reason", "reason_lost", "source")

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, actor=actor, **kwargs)
        fields = cast(dict[str, Any], self.fields)
        self._members: QuerySet[User] = assignable_users(actor)
        fields["owner"].choices = [
            ("", UNCHANGED),
            (NOBODY, gettext("Nobody")),
            *((str(user.pk), str(user)) for user in self._members),
        ]
        stages = Stage.objects.visible_to(actor).select_related("pipeline")
        fields["stage"].queryset = stages.order_by("pipeline__name", "pipeline_id", "weight", "pk")
        fields["status"].queryset = LeadStatus.objects.visible_to(actor).order_by("weight", "pk")
        reasons = LeadLostReason.objects.visible_to(actor).filter(is_active=True)
        fields["lost_reason"].queryset = reasons.order_by("weight", "pk")
        fields["source"].queryset = LeadSource.objects.visible_to(actor).order_by("name", "pk")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        status = cleaned.get("status")
        is_lost = status is not None and status.category == StatusCategory.LOST
        for name in ("lost_reason", "reason_lost"):
            if cleaned.get(name) and not is_lost:
                raise ValidationError(
                    {name: gettext("Only lost leads have a reason: choose the status too.")}
                )
        return cleaned

    def values(self) -> LeadValues:
        """Return the input of each lead, without its tags."""
        cleaned = self.cleaned_data
        values: dict[str, object] = {}
        if cleaned["owner"]:
            values["leads_owner_id"] = None if cleaned["owner"] == NOBODY else cleaned["owner"]
        for name, argument in (
            ("stage", "pipeline_stage_id"),
            ("status", "status_id"),
            ("lost_reason", "lost_reason_id"),
            ("source", "source_id"),
        ):
            if cleaned[name] is not None:
                values[argument] = cleaned[name].pk
        if cleaned["reason_lost"]:
            values["reason_lost"] = cleaned["reason_lost"]
        return cast(LeadValues, values)

    def new_owner(self) -> User | None:
        """Return the member who gets the leads, if that is the whole change."""
        values = self.values()
        if self.tag_change() or values.keys() != {"leads_owner_id"}:
            return None
        return self._members.filter(pk=parse_id(str(values["leads_owner_id"])) or 0).first()


def sentence_of_tasks(count: int) -> str:
    """Return a sentence about the tasks that changed hands with their leads; empty without any."""
    if not count:
        return ""
    sentence = ngettext(
        "%(count)s open task went to the new owner too.",
        "%(count)s open tasks went to the new owner too.",
        count,
    )
    return sentence % {"count": count}


class ChangesManyLeads(ChangesMany):
    """Mixin of the list of leads."""

    many_form: type[ManyForm] = ManyLeadsForm  # type: ignore[misc]  # of the class, as declared above

    def change_many(self, keys: Sequence[object], form: ManyLeadsForm, *, actor: Actor) -> BulkResult:
        with stored_rows.observed() as stored:
            result = change_leads(keys, form.values(), form.tag_change(), actor=actor)
        result.followed = stored_rows.count_of(Activity, stored)
        return result

    def sentence_of(self, form: ManyLeadsForm, result: BulkResult) -> str:
        return " ".join(filter(None, (self._of_leads(form, result), sentence_of_tasks(result.followed))))

    def _of_leads(self, form: ManyLeadsForm, result: BulkResult) -> str:
        member, count = form.new_owner(), result.done
        if member is None or not count:
            return super().sentence_of(form, result)
        owned = ngettext(
            "%(count)s lead belongs to %(owner)s now.", "%(count)s leads belong to %(owner)s now.", count
        )
        return owned % {"count": count, "owner": member}

    def undo_change(self, key: object, entry: HistoryEntry, *, actor: Actor) -> None:
        undo_lead_change(key, entry, actor=actor)
