"""Probes for load balancers and containers: is the process up, and can it serve?"""

import hmac

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from crm.background.backlog import state as work_state
from crm.checks import database_problem, redis_problem
from crm.events.dispatcher import has_tail, tail_age
from crm.graphql.websocket import connections

#: The event log is read every second. If it was not for this long, subscribers get no events.
OLDEST_TAIL_SECONDS = 10


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 as long as the process is up; does not use the database."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 if requests and events can be served, else 503 with the problems."""
    parts = {"database": database_problem(), "redis": redis_problem()}
    problems = {name: "unreachable" for name, problem in parts.items() if problem}
    age = tail_age()
    if age > OLDEST_TAIL_SECONDS:
        problems["events"] = "standing still"
    if connections.is_draining():
        problems["server"] = "ending"
    # Only processes with subscribers read the log.
    tail = {"tail_age_seconds": round(age, 1)} if has_tail() else {}
    if problems:
        return JsonResponse({"status": "unavailable", "problems": problems, **tail}, status=503)
    # The state of the work says how much a company imports and sends; and it takes some statements.
    work = {"work": work_state()} if _may_see_work(request) else {}
    return JsonResponse({"status": "ok", **tail, **work})


def _may_see_work(request: HttpRequest) -> bool:
    """Return whether a request has the token of ``MONITORING_TOKEN``; without the setting, none has."""
    expected = f"Bearer {settings.MONITORING_TOKEN}".encode()
    given = request.headers.get("Authorization", "").encode()
    return bool(settings.MONITORING_TOKEN) and hmac.compare_digest(given, expected)
