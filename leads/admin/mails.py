"""E-mails written from the page of a lead or person, and sent by the mail program of the member."""

from typing import Any
from urllib.parse import quote

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.actors import Action, Actor
from crm.admin.base import acting
from crm.admin.forms import message_of
from crm.admin.frame.fragments import back_to, is_fragment
from crm.admin.lifecycle import LiveAdmin
from crm.admin.reach import mail_address
from crm.admin.record_pages import page_of
from crm.admin.stale.gone import Typed
from crm.admin.timeline import Way, register_way
from crm.models import EntityKind
from crm.models.activities import LONGEST_TEXT
from leads.models import Lead
from leads.services.outgoing_mails import (
    addresses_of,
    copy_address,
    log_mail,
    person_of,
    refuse_unwanted,
)
from people.models import Person

#: The shortest limit of an address that mail programs are known to have.
LONGEST_ADDRESS = 1_900
MODELS: dict[str, Any] = {EntityKind.LEAD: Lead, EntityKind.PEOPLE: Person}


class MailForm(forms.Form):
    to = forms.ChoiceField(label=_("To"))
    subject = forms.CharField(max_length=255, label=_("Subject"))
    text = forms.CharField(
        max_length=LONGEST_TEXT, label=_("Text"), widget=forms.Textarea(attrs={"rows": 10})
    )

    def __init__(self, addresses: list[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Other ids than those of the form on the page below the dialog.
        self.auto_id = "mail-%s"
        to: Any = self.fields["to"]
        to.choices = [(each, each) for each in addresses]


class WritesMails(LiveAdmin[Lead]):
    """Mixin of the pages of leads: the e-mails to leads and people."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.write_mail)
        return [path("mail/<str:kind>/<int:object_id>/", view, name="write_mail"), *super().get_urls()]

    def write_mail(self, request: HttpRequest, kind: str, object_id: int) -> HttpResponse:
        """Ask for an e-mail, then show how it is sent; put it on the timeline once it was."""
        actor = acting(request)
        model = MODELS.get(kind)
        if model is None:
            raise Http404
        if not actor.may(Action.CHANGE_ACTIVITIES):
            raise PermissionDenied
        record = model.objects.visible_to(actor).filter(pk=object_id).first()
        if record is None:
            if (gone := self._gone_mail(request, model, object_id)) is not None:
                return gone
            record = model.objects.find(actor, object_id)
        form = MailForm(addresses_of(record), request.POST or None)
        context: dict[str, Any] = {"record": record, "form": form, "kind": kind, "page": page_of(record)}
        # Somebody is written to, not a deal.
        context["recipient"] = person_of(record) or record
        try:
            refuse_unwanted(record)
        except ValidationError as refused:
            return self._answer(request, {**context, "unwanted": message_of(refused)})
        if not form.is_valid():
            return self._answer(request, context)
        cleaned = form.cleaned_data
        copy = copy_address(actor)
        if "sent" in request.POST and copy is None:
            log_mail(record, cleaned["subject"], cleaned["text"], actor=actor)
            messages.success(request, gettext("The e-mail is on the timeline."))
            return back_to(request, page_of(record))
        whole = address_of(cleaned["to"], cleaned["subject"], cleaned["text"], copy)
        fits = len(whole) <= LONGEST_ADDRESS
        address = whole if fits else address_of(cleaned["to"], cleaned["subject"], "", copy)
        return self._answer(request, {**context, "address": address, "fits": fits, "copy": copy})

    def _gone_mail(self, request: HttpRequest, model: Any, object_id: int) -> HttpResponse | None:
        """Show the e-mail that was typed for a record that is gone; None if it was restored for it."""
        # In a dialog the page says so, and keeps what was typed.
        if request.method != "POST" or is_fragment(request):
            raise Http404
        fields = {name: field.label for name, field in MailForm.base_fields.items() if name != "to"}
        typed = [
            Typed(str(label), text) for name, label in fields.items() if (text := request.POST.get(name))
        ]
        pages: Any = self.admin_site._registry[model]
        answer: HttpResponse | None = pages.answer_gone(request, str(object_id), typed=typed)
        return answer

    def _answer(self, request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
        if is_fragment(request):
            return TemplateResponse(request, "admin/leads/mail.html", context)
        shared = {**self.admin_site.each_context(request), "title": gettext("E-mail"), "opts": self.opts}
        return TemplateResponse(request, "admin/leads/mail_page.html", {**shared, **context})


def address_of(to: str, subject: str, text: str, copy: str | None) -> str:
    """Return the address that opens an e-mail in the mail program of whoever follows it."""
    # Lines end as RFC 6068 says.
    parts = {"bcc": copy or "", "subject": subject, "body": "\r\n".join(text.splitlines())}
    asked = "&".join(f"{name}={quote(value, safe='@')}" for name, value in parts.items() if value)
    return f"{mail_address(to)}?{asked}"


def _way(record: Any, actor: Actor) -> Way | None:
    if record.entity_kind not in MODELS or not actor.may(Action.CHANGE_ACTIVITIES):
        return None
    address = reverse("admin:write_mail", args=[record.entity_kind, record.pk])
    return Way(label=_("Write an e-mail"), address=address)


register_way(_way)
