"""The page of a webhook's deliveries: what was sent, what came back, a test, and sending again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from crm.actors import Action, Actor
from crm.admin.base import acting
from crm.admin.forms import message_of
from crm.admin.frame.fragments import is_fragment
from crm.database.keys import parse_id
from crm.errors import CrmError
from crm.languages.messages import translated
from crm.models import DeliveryStatus, WebhookDelivery, WebhookEndpoint
from crm.webhooks.deliveries import redeliver
from crm.webhooks.endpoints import resume_endpoint, send_test

PAGE = 50
#: A test that was not sent for so long waits for a worker that does not run.
PATIENCE = timedelta(minutes=1)
STATES = {
    "": gettext_lazy("All"),
    DeliveryStatus.PENDING.value: gettext_lazy("Waiting"),
    DeliveryStatus.DELIVERED.value: gettext_lazy("Delivered"),
    DeliveryStatus.FAILED.value: gettext_lazy("Given up"),
}


def urls(site: admin.AdminSite) -> list[URLPattern]:
    """Return the addresses below the list of endpoints."""
    pages: dict[str, tuple[Callable[..., HttpResponse], str]] = {
        "": (require_safe(deliveries_page), "deliveries"),
        "test/": (require_POST(test), "test"),
        "resume/": (require_POST(resume), "resume"),
        "<int:delivery_id>/again/": (require_POST(send_again), "send_again"),
    }
    return [
        path(f"<int:object_id>/deliveries/{route}", site.admin_view(view), name=f"crm_webhookendpoint_{name}")
        for route, (view, name) in pages.items()
    ]


def _managing(request: HttpRequest) -> Actor:
    actor = acting(request)
    if not actor.may(Action.MANAGE_COMPANY):
        raise PermissionDenied
    return actor


def _endpoint(actor: Actor, key: int) -> WebhookEndpoint:
    endpoint = WebhookEndpoint.objects.visible_to(actor).filter(pk=key).first()
    if endpoint is None:
        raise Http404
    return endpoint


def deliveries_page(request: HttpRequest, object_id: int) -> HttpResponse:
    """Show the deliveries of an endpoint, the newest first; to htmx the one that is watched alone."""
    actor = _managing(request)
    endpoint = _endpoint(actor, object_id)
    deliveries = WebhookDelivery.objects.visible_to(actor).filter(endpoint=endpoint)
    key = parse_id(request.GET.get("watch", ""))
    watched = None if key is None else deliveries.filter(pk=key).first()
    context: dict[str, Any] = {
        "endpoint": endpoint,
        "watched": None if watched is None else _watched(watched, endpoint),
    }
    if is_fragment(request) and watched is not None:
        return TemplateResponse(request, "admin/crm/setup/watched_delivery.html", context)
    state = request.GET.get("state", "")
    state = state if state in STATES else ""
    before = parse_id(request.GET.get("before", ""))
    found = deliveries.filter(**{"status": state} if state else {}, **{"pk__lt": before} if before else {})
    # A page more than is shown says whether there are older ones, without a count of all.
    rows = list(found.order_by("-pk")[: PAGE + 1])
    # Errors are stored in English; the page shows them in its language, and stores nothing.
    for row in rows:
        row.error = translated(row.error)
    context |= {
        **admin.site.each_context(request),
        "title": _("Deliveries of %(endpoint)s") % {"endpoint": endpoint},
        "rows": rows[:PAGE],
        "last": rows[PAGE - 1].pk if len(rows) > PAGE else None,
        "is_first_page": before is None,
        "state": state,
        "states": STATES.items(),
        "is_sending": endpoint.is_active and not endpoint.paused_at,
        "pause_reason": translated(endpoint.pause_reason),
    }
    return TemplateResponse(request, "admin/crm/setup/deliveries.html", context)


def _watched(delivery: WebhookDelivery, endpoint: WebhookEndpoint) -> dict[str, Any]:
    """Return a delivery with whether its outcome is awaited, and why it may not come soon."""
    has_outcome = delivery.status != DeliveryStatus.PENDING or bool(delivery.error)
    now = timezone.now()
    why = ""
    if has_outcome:
        pass
    elif endpoint.paused_at or not endpoint.is_active:
        why = _("It is sent once the webhook is active again.")
    elif endpoint.held_until and endpoint.held_until > now:
        when = localtime(endpoint.held_until)
        said = _("After the last failures it waits until %(time)s. A test is sent at once.")
        why = said % {"time": date_format(when, "TIME_FORMAT")}
    elif now - (delivery.last_attempt_at or delivery.updated_at) > PATIENCE:
        why = _("No worker seems to run: see Background work in the set-up, or ask who operates the server.")
    return {
        "delivery": delivery,
        "error": translated(delivery.error),
        "has_outcome": has_outcome,
        "is_awaited": not has_outcome and not why,
        "why": why,
    }


def _page(endpoint: WebhookEndpoint, delivery: WebhookDelivery | None = None) -> HttpResponse:
    address = reverse("admin:crm_webhookendpoint_deliveries", args=[endpoint.pk])
    return redirect(address if delivery is None else f"{address}?watch={delivery.pk}")


def test(request: HttpRequest, object_id: int) -> HttpResponse:
    """Have the worker send a test, and show what comes back."""
    actor = _managing(request)
    endpoint = _endpoint(actor, object_id)
    try:
        return _page(endpoint, send_test(endpoint, actor=actor))
    except CrmError as refused:
        messages.error(request, message_of(refused))
    return _page(endpoint)


def resume(request: HttpRequest, object_id: int) -> HttpResponse:
    """Send to an endpoint again that was paused."""
    actor = _managing(request)
    endpoint = _endpoint(actor, object_id)
    try:
        resume_endpoint(endpoint, actor=actor)
    except (ValidationError, CrmError) as refused:
        messages.error(request, message_of(refused))
    else:
        messages.success(request, _("“%(endpoint)s” goes on from where it stopped.") % {"endpoint": endpoint})
    return _page(endpoint)


def send_again(request: HttpRequest, object_id: int, delivery_id: int) -> HttpResponse:
    """Have the worker send a message again, under the same id, and show what comes back."""
    actor = _managing(request)
    endpoint = _endpoint(actor, object_id)
    delivery = WebhookDelivery.objects.visible_to(actor).filter(endpoint=endpoint, pk=delivery_id).first()
    if delivery is None:
        raise Http404
    redeliver([delivery], actor=actor)
    return _page(endpoint, delivery)
