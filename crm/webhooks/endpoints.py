"""Create, change, test, pause and resume webhook endpoints: for those who manage the company."""

import logging
from datetime import datetime, timedelta

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction
from django.utils import timezone

from crm.actors import Action, Actor
from crm.caps import ENDPOINTS
from crm.database.batches import Batch
from crm.errors import Conflict, ConflictReason
from crm.events import journal
from crm.models.companies import Company
from crm.models.webhooks import TEST_TYPE, DeliveryStatus, WebhookDelivery, WebhookEndpoint
from crm.webhooks.addresses import BadAddress, parse_target
from crm.webhooks.contents import FilterRefused, content_of, webhook_actor
from crm.webhooks.signing import new_secret

logger = logging.getLogger(__name__)

#: For so long a replaced secret still signs.
OVERLAP = timedelta(hours=24)
#: Columns that people change. Saving others would overwrite what workers write meanwhile.
CHANGEABLE = ("name", "url", "kinds", "filter", "is_active")


@transaction.atomic
def create_endpoint(endpoint: WebhookEndpoint, *, actor: Actor) -> tuple[WebhookEndpoint, str]:
    """Store a new endpoint, which is sent events from now on, and return it with its secret."""
    actor.require(Action.MANAGE_COMPANY)
    endpoint.company_id = actor.company_id
    # Endpoints made at once take turns, so that the cap is exact.
    Company.objects.select_for_update(no_key=True).get(pk=actor.company_id)
    number = WebhookEndpoint.objects.visible_to(actor).count()
    ENDPOINTS.check(before=number, after=number + 1, field=NON_FIELD_ERRORS)
    endpoint.secret = new_secret()
    endpoint.position = journal.end().seq
    _check(endpoint)
    endpoint.save(force_insert=True)
    return endpoint, endpoint.secret


@transaction.atomic
def save_endpoint(endpoint: WebhookEndpoint, *, actor: Actor) -> WebhookEndpoint:
    actor.require(Action.MANAGE_COMPANY)
    _check(endpoint)
    endpoint.save(update_fields=[*CHANGEABLE, "updated_at"])
    return endpoint


def _check(endpoint: WebhookEndpoint) -> None:
    endpoint.filter = endpoint.filter or None
    endpoint.full_clean(exclude=["company"])
    try:
        parse_target(endpoint.url)
    except BadAddress as refused:
        raise ValidationError({"url": str(refused)}) from refused
    check_filter(endpoint)


def check_filter(endpoint: WebhookEndpoint) -> None:
    """Check that the filter of an endpoint is valid for the kinds of record that it has chosen."""
    if endpoint.filter is None:
        return
    if not isinstance(endpoint.filter, dict):
        raise ValidationError({"filter": "A filter is a JSON object, like the where argument of leads."})
    for entity in endpoint.entities:
        try:
            content_of(entity).check_filter(endpoint.filter, actor=webhook_actor(endpoint.company_id))
        except FilterRefused as refused:
            raise ValidationError({"filter": str(refused)}) from refused


@transaction.atomic
def delete_endpoint(endpoint: WebhookEndpoint, *, actor: Actor) -> None:
    actor.require(Action.MANAGE_COMPANY)
    endpoint.delete()


@transaction.atomic
def rotate_secret(endpoint: WebhookEndpoint, *, actor: Actor) -> str:
    """Replace the secret of an endpoint; for a day messages are signed with the old one too."""
    actor.require(Action.MANAGE_COMPANY)
    stored = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
    stored.previous_secret, stored.secret = stored.secret, new_secret()
    stored.previous_secret_until = timezone.now() + OVERLAP
    stored.save(update_fields=["secret", "previous_secret", "previous_secret_until", "updated_at"])
    return stored.secret


def forget_replaced_secrets(*, batch: Batch = transaction.atomic) -> int:
    """Delete the replaced secrets that sign no more; return how many."""
    with batch():
        replaced = WebhookEndpoint.objects.filter(previous_secret_until__lt=timezone.now())
        return replaced.update(previous_secret=None, previous_secret_until=None)


@transaction.atomic
def send_test(endpoint: WebhookEndpoint, *, actor: Actor) -> WebhookDelivery:
    actor.require(Action.MANAGE_COMPANY)
    if not endpoint.is_active or endpoint.paused_at:
        raise Conflict(
            ConflictReason.VERSION,
            "Nothing is sent to this endpoint now: activate it, or resume it if it is paused.",
        )
    now = timezone.now()
    test = WebhookDelivery(
        company_id=endpoint.company_id,
        endpoint=endpoint,
        type=TEST_TYPE,
        # Ahead of everything that waits.
        place=0,
        occurred_at=now,
        next_attempt_at=now,
    )
    test.save(force_insert=True)
    # A test is sent at once, even while the endpoint is held back after failures.
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(held_until=None)
    return test


def pause_endpoint(endpoint_id: int, *, reason: str, now: datetime) -> None:
    paused = WebhookEndpoint.objects.filter(pk=endpoint_id, paused_at=None)
    if paused.update(paused_at=now, pause_reason=reason[:255]):
        logger.warning("Webhook endpoint %s is paused: %s", endpoint_id, reason)


@transaction.atomic
def resume_endpoint(endpoint: WebhookEndpoint, *, actor: Actor) -> None:
    """Continue to send to an endpoint from where it was paused; what waits is sent at once."""
    actor.require(Action.MANAGE_COMPANY)
    check_filter(endpoint)
    paused = WebhookEndpoint.objects.filter(pk=endpoint.pk, paused_at__isnull=False)
    if not paused.update(paused_at=None, pause_reason="", failing_since=None, failures=0, held_until=None):
        raise Conflict(ConflictReason.VERSION, "This endpoint is not paused.")
    waiting = WebhookDelivery.objects.filter(endpoint=endpoint, status=DeliveryStatus.PENDING)
    waiting.update(next_attempt_at=timezone.now())
