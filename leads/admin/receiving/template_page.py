"""The editor of a receiver's template: the payload beside the lead that would come of it."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.actors import Action, Actor
from crm.admin.base import acting
from crm.admin.forms import message_of
from crm.errors import CrmError
from crm.languages.messages import translated
from leads.admin.receiving.preview import preview_of
from leads.admin.receiving.template_rows import (
    FunctionsField,
    Rows,
    functions_of,
    rows_of,
    show_errors,
    template_of,
)
from leads.models import LeadReceiver, ReceiverAttempt, ReceiverKind
from leads.routing.payloads import FORM, LARGEST_BODY, UnreadablePayload, read_payload
from leads.services.received_leads import Trial, errors_of, try_payload
from leads.services.receivers import update_receiver

#: Past deliveries that can be taken as the payload.
MOST_ATTEMPTS = 15


class PayloadForm(forms.Form):
    """The payload that a template is tried on, and the entries that are no rows."""

    payload = forms.CharField(
        required=False,
        max_length=LARGEST_BODY,
        strip=False,
        label=gettext_lazy("Payload"),
        widget=forms.Textarea(attrs={"rows": 18, "spellcheck": "false"}),
    )
    functions = FunctionsField(label=gettext_lazy("Functions, as JSON"))
    attempt: forms.ModelChoiceField[ReceiverAttempt] = forms.ModelChoiceField(
        queryset=None, required=False, label=gettext_lazy("Past deliveries")
    )
    #: The template that the form was made from.
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, attempts: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: Any = self.fields["attempt"]
        choices.queryset = attempts

    def clean_payload(self) -> dict[str, Any] | None:
        """Read the payload as the receiver would: JSON or the fields of a form."""
        text = self.cleaned_data["payload"].strip()
        if not text:
            return None
        kind = "application/json" if text.startswith(("{", "[")) else FORM
        try:
            return read_payload(text.encode(), {"CONTENT_TYPE": kind})
        except UnreadablePayload as refused:
            raise ValidationError(translated(refused)) from refused


def template_page(request: HttpRequest, object_id: int) -> HttpResponse:
    """Show a receiver's template with what it makes of a payload, or store it."""
    actor = acting(request)
    if not actor.may(Action.CHANGE_LOOKUPS):
        raise PermissionDenied
    receiver = LeadReceiver.objects.visible_to(actor).filter(pk=object_id, kind=ReceiverKind.WEB).first()
    if receiver is None:
        raise Http404
    attempts = ReceiverAttempt.objects.visible_to(actor).filter(receiver=receiver, raw_body=None)
    keys = list(attempts.order_by("-pk").values_list("pk", flat=True)[:MOST_ATTEMPTS])
    # Payloads are long: only the one that is shown is read.
    attempts = attempts.filter(pk__in=keys).order_by("-pk").defer("payload", "key_order", "errors")
    newest = attempts.first()
    stored = receiver.template
    sent = request.POST if request.method == "POST" else None
    initial = {
        "payload": _as_text(newest.payload) if newest else "",
        "functions": functions_of(stored) or None,
        "seen": _mark_of(stored),
    }
    form = PayloadForm(sent, initial=initial, attempts=attempts)
    rows = rows_of(stored, sent)
    page = _Page(request=request, actor=actor, receiver=receiver, form=form, rows=rows)
    if sent is None:
        page.try_template(stored, newest.payload if newest else None)
        return page.answer()
    if "take" in sent and form.is_valid() and form.cleaned_data["attempt"]:
        # The payload in the place of the one that was typed; the rows stay as they are.
        payload = _as_text(form.cleaned_data["attempt"].payload)
        page.form = PayloadForm({**sent.dict(), "payload": payload}, attempts=attempts)
    return page.store() if "save" in sent else page.show()


def _as_text(payload: object) -> str:
    return json.dumps(payload, indent=2, ensure_ascii=False)


def _mark_of(template: object) -> str:
    return hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:16]


class _Page:
    """One answer of the page: the form as it was sent, and what was found about it."""

    def __init__(
        self, *, request: HttpRequest, actor: Actor, receiver: LeadReceiver, form: PayloadForm, rows: Rows
    ) -> None:
        self.request = request
        self.actor = actor
        self.receiver = receiver
        self.form = form
        self.rows = rows
        self.trial: Trial | None = None
        self.faults: Mapping[str, list[str]] = {}

    def try_template(self, template: Any, payload: Any) -> None:
        """Try a template on a payload, and put what is wrong to its row."""
        if payload is None:
            return
        self.trial = try_payload(self.receiver.pk, payload, actor=self.actor, changes={"template": template})
        if not self.rows.is_bound:
            self.faults = {
                place: [translated(each) for each in said]
                for place, said in (self.trial.errors or {}).items()
            }
        elif self.trial.errors:
            self.faults = show_errors(self.rows, self.trial.errors)

    def read(self) -> tuple[bool, Any]:
        """Return whether the form can be read, and the template that it means."""
        if not (self.form.is_valid() & self.rows.is_valid()):
            return False, None
        try:
            return True, template_of(self.rows, self.form.cleaned_data["functions"], self.receiver.template)
        except ValidationError as refused:
            self.form.add_error("functions", refused)
            return False, None

    def show(self) -> HttpResponse:
        is_read, template = self.read()
        if is_read:
            self.try_template(template, self.form.cleaned_data["payload"])
        return self.answer()

    def store(self) -> HttpResponse:
        is_read, template = self.read()
        if not is_read:
            return self.answer()
        if self.form.cleaned_data["seen"] != _mark_of(self.receiver.template):
            said = _("Somebody else changed this template meanwhile. Open the page again to see it.")
            messages.error(self.request, said)
            return self.answer()
        payload = self.form.cleaned_data["payload"]
        self.try_template(template, payload)
        works = self.trial is not None and self.trial.errors is None
        if not works and "anyway" not in self.request.POST:
            if payload is None:
                said = _("Paste a payload to see whether the template works, or save it without.")
            else:
                said = _("The template is not saved: this payload would be refused.")
            messages.error(self.request, said)
            return self.answer()
        try:
            update_receiver(self.receiver.pk, {"template": template}, actor=self.actor)
        except (ValidationError, CrmError) as refused:
            self.faults = show_errors(self.rows, errors_of(refused))
            said = _("The template is not saved: %(reason)s")
            messages.error(self.request, said % {"reason": message_of(refused)})
            return self.answer()
        messages.success(
            self.request, _("The template of “%(receiver)s” is saved.") % {"receiver": self.receiver}
        )
        return redirect("admin:leads_leadreceiver_template", object_id=self.receiver.pk)

    def answer(self) -> HttpResponse:
        context = {
            **admin.site.each_context(self.request),
            "title": _("Template of %(receiver)s") % {"receiver": self.receiver},
            "receiver": self.receiver,
            "form": self.form,
            "rows": self.rows,
            "preview": preview_of(self.trial, self.actor) if self.trial else None,
            "faults": self.faults,
            "is_refused": self.trial is not None and self.trial.errors is not None,
            "asks_anyway": "save" in self.request.POST,
        }
        return TemplateResponse(self.request, "admin/leads/receiving/template.html", context)
