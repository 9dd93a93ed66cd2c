"""For load balancers and containers: is the process up, and can it serve."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from crm.checks import database_problem, redis_problem
from crm.events.dispatcher import has_tail, tail_age
from crm.graphql.websocket import connections

#: The log is read each second; a tail that has not done so for longer tells nobody of anything.
OLDEST_TAIL_SECONDS = 10


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 as long as the process answers at all; it asks nothing of the database."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 if all that requests and events need is there, else 503 and what is amiss."""
    parts = {"database": database_problem(), "redis": redis_problem()}
    problems = {name: "unreachable" for name, problem in parts.items() if problem}
    age = tail_age()
    if age > OLDEST_TAIL_SECONDS:
        problems["events"] = "standing still"
    if connections.is_draining():
        problems["server"] = "ending"
    # Of a process that serves no connections of its own the tail tells nothing.
    tail = {"tail_age_seconds": round(age, 1)} if has_tail() else {}
    if problems:
        return JsonResponse({"status": "unavailable", "problems": problems, **tail}, status=503)
    return JsonResponse({"status": "ok", **tail})
