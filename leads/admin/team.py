"""The numbers of the team, for managers: a page, and a part of the home page that is loaded after it."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from crm.actors import Actor, Role
from crm.admin.acting import zone_of
from crm.admin.base import acting
from crm.admin.frame.fragments import is_fragment
from crm.admin.lifecycle import LiveAdmin
from crm.admin.money import shown_amount
from crm.models import User
from leads.models import Lead
from leads.services.standing import Standing, Total, standings


def leads_team(actor: Actor) -> bool:
    """Return whether a member sees how the others stand."""
    return actor.role.rank >= Role.MANAGER.rank


def total_shown(total: Total) -> dict[str, Any]:
    sums = [shown_amount(amount, currency) for currency, amount in sorted(total.sums.items())]
    return {"number": total.number, "sums": sums}


def tiles_of(standing: Standing) -> dict[str, Any]:
    return {
        "open": total_shown(standing.open),
        "won": total_shown(standing.won),
        "won_before": total_shown(standing.won_before),
    }


def _rows(actor: Actor, found: Mapping[int | None, Standing]) -> list[dict[str, Any]]:
    members = User.objects.visible_to(actor).in_bulk([key for key in found if key is not None])
    rows = [
        {
            "name": str(members[key]) if key in members else gettext("Nobody"),
            "is_nobody": key is None,
            "leads": f"{reverse('admin:leads_lead_changelist')}?owned={key or 'nobody'}",
            "standing": standing,
            **tiles_of(standing),
        }
        for key, standing in found.items()
        if key is None or key in members
    ]
    return sorted(rows, key=lambda row: (row["is_nobody"], row["name"]))


class WithTeam(LiveAdmin[Lead]):
    """The page of how the team stands."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_safe(self.team_page))
        return [path("team/", view, name="leads_lead_team"), *super().get_urls()]

    def team_page(self, request: HttpRequest) -> HttpResponse:
        """Show the open and won leads of each member, and what each has left alone."""
        actor = acting(request)
        if not leads_team(actor):
            raise PermissionDenied
        zone = zone_of(request)
        found = standings(actor, today=timezone.now().astimezone(zone).date(), zone=zone)
        context = {"team": _rows(actor, found), "title": gettext("Team")}
        if is_fragment(request):
            return TemplateResponse(request, "admin/leads/my_day/team.html", context)
        context = {**self.admin_site.each_context(request), **context}
        return TemplateResponse(request, "admin/leads/my_day/team_page.html", context)
