"""The right to import, and the jobs that a member sees."""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from crm.actors import Action, Actor
from crm.admin.base import acting
from crm.errors import NotFound
from crm.models.imports import ImportJob


def importing(request: HttpRequest) -> Actor:
    """Return the actor of a request.

    :raises PermissionDenied: if the actor may not import.
    """
    actor = acting(request)
    if not actor.may(Action.IMPORT):
        raise PermissionDenied
    return actor


def job_of(actor: Actor, key: UUID) -> ImportJob:
    """Return a job of the actor's company.

    :raises Http404: if there is none.
    """
    try:
        return ImportJob.objects.visible_to(actor).select_related("user", "undo_user").get(uuid=key)
    except (ImportJob.DoesNotExist, NotFound) as unknown:
        raise Http404 from unknown
