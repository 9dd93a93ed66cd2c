"""The admin of rotations with their agents and next turns, and of the routing log."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from crm.actors import Action
from crm.admin.base import acting
from crm.admin.filters import VisibleRelatedFilter
from crm.admin.forms import NamedForm, ServiceForm
from crm.admin.inlines import VisibleInline
from crm.admin.labels import NONE
from crm.admin.writing import FormSet, WritesThroughService, kept_forms
from crm.languages.messages import translated
from leads.admin.rotation_page import rotation_page
from leads.models import LeadRotation, LeadRotationAgent, LeadRoutingLog
from leads.routing.rotation import LEAD
from leads.services.rotations import RotationAgentValues, delete_rotation, save_rotation, simulate_turns

#: The number of next turns on the page of a rotation.
SHOWN_TURNS = 10


class RotationAgentInline(VisibleInline[LeadRotationAgent, LeadRotation]):
    model = LeadRotationAgent
    form = ServiceForm[LeadRotationAgent]
    write_action = Action.CHANGE_LOOKUPS
    fields = ("user", "percent", "phone", "hits")
    readonly_fields = ("hits",)
    owner_fields = ("user",)
    ordering = ("pk",)
    verbose_name = _("agent")
    verbose_name_plural = _("agents")


@admin.register(LeadRotation)
class LeadRotationAdmin(WritesThroughService[LeadRotation]):
    form = NamedForm[LeadRotation]
    write_action = Action.CHANGE_LOOKUPS
    delete_service = staticmethod(delete_rotation)
    list_display = ("name", "agent_count", "hits", "turns_link", "leads_rotations_email")
    search_fields = ("name",)
    ordering = ("name", "pk")
    inlines = (RotationAgentInline,)
    readonly_fields = ("hits", "next_turns", "turns_link")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_safe(rotation_page))
        own = path("<int:object_id>/turns/", view, name="leads_leadrotation_turns")
        return [own, *super().get_urls()]

    def get_list_display(self, request: HttpRequest) -> Any:
        shown = super().get_list_display(request)
        if acting(request).may(Action.READ_ROUTING):
            return shown
        return [name for name in shown if name != "turns_link"]

    @admin.display(description=_("turns"))
    def turns_link(self, rotation: LeadRotation) -> str:
        address = reverse("admin:leads_leadrotation_turns", args=[rotation.pk])
        return format_html('<a href="{}">{}</a>', address, _("Simulate and look back"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[LeadRotation]:
        return super().get_queryset(request).annotate(agent_number=Count("agents"))

    def get_fieldsets(self, request: HttpRequest, obj: LeadRotation | None = None) -> Any:
        fields = ["name", "leads_rotations_email"]
        actor = acting(request)
        if obj is not None:
            fields.append("hits")
        if obj is not None and actor.may(Action.READ_ROUTING):
            fields += ["next_turns", "turns_link"]
            # Simulated here, where the actor is known: a readonly field is computed without the request.
            if not hasattr(obj, "turns"):
                obj.turns = simulate_turns(obj.pk, SHOWN_TURNS, actor=actor)  # type: ignore[attr-defined]
        return ((None, {"fields": fields}),)

    @admin.display(description=_("next turns"))
    def next_turns(self, rotation: Any) -> str:
        return format_html(
            "<ol>{}</ol>",
            format_html_join("", "<li>{}</li>", ((translated(turn.reason),) for turn in rotation.turns)),
        )

    @admin.display(description=_("agents"))
    def agent_count(self, rotation: Any) -> str:
        return str(rotation.agent_number) if rotation.agent_number else gettext("none: assigns no leads")

    def store(self, request: HttpRequest, form: NamedForm[LeadRotation], formsets: Sequence[FormSet]) -> None:
        agents = [_values(row) for formset in formsets for row in kept_forms(formset)]
        save_rotation(form.instance, actor=acting(request), agents=agents)


def _values(form: ServiceForm[LeadRotationAgent]) -> RotationAgentValues:
    cleaned = form.cleaned_data
    # A user who may not own leads any more is no choice of the form, but stays in the rotation.
    user = cleaned.get("user") or form.instance.user
    return {"users_id": user.pk, "percent": cleaned["percent"], "phone": cleaned["phone"]}


@admin.register(LeadRoutingLog)
class LeadRoutingLogAdmin(WritesThroughService[LeadRoutingLog]):
    """The routing log, to read and never to change."""

    view_action = Action.READ_ROUTING
    may_add = False
    may_delete = False
    list_display = ("created_at", "lead", "outcome", "user", "receiver", "rotation", "reason")
    list_filter = (
        "outcome",
        ("rotation", VisibleRelatedFilter),
        ("receiver", VisibleRelatedFilter),
        "created_at",
    )
    list_select_related = ("lead", "user", "receiver", "rotation")
    search_fields = ("lead__title", "receiver__name", "rotation__name")
    ordering = ("-pk",)
    actions: Sequence[str] = ()
    fields = (
        "created_at",
        "lead",
        "outcome",
        "user",
        "reason",
        "shown_candidates",
        "receiver",
        "rotation",
        "attempt",
        "door",
    )
    readonly_fields = fields

    @admin.display(description=_("reason"))
    def reason(self, log: LeadRoutingLog) -> str:
        return translated(log.error or log.detail.get("reason") or NONE)

    @admin.display(description=_("candidates"))
    def shown_candidates(self, log: LeadRoutingLog) -> str:
        # Shares and credits are stored in billionths of a lead.
        rows = log.detail.get("candidates")
        if not rows:
            return NONE
        return format_html(
            "<table><tr><th>{}</th><th>{}</th><th>{}</th><th></th></tr>{}</table>",
            gettext("agent"),
            gettext("share"),
            gettext("credit before"),
            format_html_join(
                "",
                "<tr><td>{}</td><td>{} %</td><td>{}</td><td>{}</td></tr>",
                (
                    (
                        row["name"],
                        number_format(100 * row["share"] / LEAD, 2),
                        f"{row['credit'] / LEAD:+.2f}",
                        gettext("chosen") if row["chosen"] else translated(row["skipped"] or ""),
                    )
                    for row in rows
                ),
            ),
        )
