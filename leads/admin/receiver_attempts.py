"""The admin of the deliveries to receivers."""

import json

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Substr
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from crm.actors import Action
from crm.admin.base import acting
from crm.admin.filters import VisibleRelatedFilter
from crm.admin.forms import message_of
from crm.admin.labels import NONE
from crm.admin.writing import WritesThroughService
from crm.errors import CrmError
from crm.languages.messages import translated
from leads.models import AttemptStatus, ReceivedMail, ReceiverAttempt
from leads.services.replaying import replay_attempt

#: Bytes of an e-mail on the page of its attempt.
MOST_SHOWN = 20_000


@admin.register(ReceiverAttempt)
class ReceiverAttemptAdmin(WritesThroughService[ReceiverAttempt]):
    """Deliveries to receivers, to read and to replay."""

    list_title = _("Received leads")
    view_action = Action.READ_ROUTING
    write_action = Action.CHANGE_LOOKUPS
    may_add = False
    # An attempt shows what was sent. Replaying has a permission of its own.
    may_change = False
    may_delete = False
    list_display = ("created_at", "receiver", "status", "lead", "count", "reason")
    list_filter = ("status", ("receiver", VisibleRelatedFilter), "created_at")
    list_select_related = ("receiver", "lead")
    search_fields = ("receiver__name", "idempotency_key")
    ordering = ("-pk",)
    actions = ("replay_selected",)
    fields = (
        "uuid",
        "receiver",
        "status",
        "lead",
        "reason",
        "shown_payload",
        "shown_message",
        "idempotency_key",
        "count",
        "created_at",
        "last_seen_at",
        "replayed_at",
        "replayed_by",
    )
    readonly_fields = fields

    def heading_of(self, row: ReceiverAttempt) -> str:
        return gettext("Attempt %(uuid)s") % {"uuid": row.uuid}

    @admin.display(description=_("reason"))
    def reason(self, attempt: ReceiverAttempt) -> str:
        return translated(attempt.refusal) or NONE

    @admin.display(description=_("payload"))
    def shown_payload(self, attempt: ReceiverAttempt) -> str:
        if attempt.raw_body is not None:
            # Printable ASCII as it is, all other bytes as escapes.
            text = bytes(attempt.raw_body).decode("ascii", "backslashreplace")
        else:
            text = json.dumps(attempt.payload, indent=2, ensure_ascii=False)
        return format_html("<pre>{}</pre>", text)

    @admin.display(description=_("message"))
    def shown_message(self, attempt: ReceiverAttempt) -> str:
        """Show the begin of an e-mail as it came."""
        # Cut by the database: the rest may be attachments.
        begin = Substr("raw", 1, MOST_SHOWN, output_field=models.BinaryField())
        found = ReceivedMail.objects.filter(attempt=attempt).values_list(begin, "size").first()
        if found is None:
            return NONE
        raw, size = found
        text = bytes(raw).decode("utf-8", "backslashreplace")
        in_all = ngettext("%(size)s byte in all", "%(size)s bytes in all", size) % {"size": size}
        return format_html("<pre>{}</pre><p>{}</p>", text, in_all)

    @admin.action(permissions=["write"], description=_("Replay selected receiver attempts"))
    def replay_selected(self, request: HttpRequest, queryset: models.QuerySet[ReceiverAttempt]) -> None:
        # Each on its own, so that one refusal does not undo the others.
        processed = 0
        for attempt in queryset.order_by("pk"):
            try:
                tried = replay_attempt(attempt.pk, actor=acting(request))
            except (ValidationError, CrmError) as refused:
                self.message_user(request, f"{attempt}: {message_of(refused)}", messages.ERROR)
                continue
            if tried.status == AttemptStatus.PROCESSED:
                processed += 1
            else:
                self.message_user(request, f"{tried}: {self.reason(tried)}", messages.ERROR)
        if processed:
            said = ngettext("Replayed %(count)s attempt.", "Replayed %(count)s attempts.", processed)
            self.message_user(request, said % {"count": processed}, messages.SUCCESS)
