"""The answer of servers whose requests cannot stay open."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from crm.graphql.http.responses import HttpRefusal, refusal_answer

NOT_IMPLEMENTED = 501


@csrf_exempt
def not_here(request: HttpRequest) -> HttpResponse:
    """Say which server has event streams: under WSGI each would take a thread for as long as it is open."""
    message = "Event streams are served by the ASGI server alone: route /graphql/stream to manage.py serve."
    return refusal_answer(HttpRefusal(NOT_IMPLEMENTED, message)).response()
