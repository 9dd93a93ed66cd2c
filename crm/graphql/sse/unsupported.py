"""The answer to event streams under WSGI."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from crm.graphql.http.responses import HttpRefusal, refusal_answer

NOT_IMPLEMENTED = 501


@csrf_exempt
def streams_unsupported(request: HttpRequest) -> HttpResponse:
    """Refuse with 501: under WSGI each open stream would occupy a thread."""
    message = "Only the ASGI server has event streams: route /graphql/stream to manage.py serve."
    return refusal_answer(HttpRefusal(NOT_IMPLEMENTED, message)).response()
