"""Idempotency keys: each mutation of a request that is sent repeatedly takes effect once."""

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.core.files.base import File
from django.db import DatabaseError, IntegrityError, OperationalError, connection, models, transaction
from django.utils import timezone

from crm.database.batches import Batch, delete_in_batches
from crm.errors import Conflict, ConflictReason, TimedOut, Unavailable
from crm.models import IdempotencyKey
from crm.services.locking import is_lock_timeout

logger = logging.getLogger("crm.idempotency")

KEPT = timedelta(hours=24)
LONGEST_KEY = 255
#: Codes of errors that may be gone the next time.
PASSING = (TimedOut.code, Unavailable.code)


class Replayed(Exception):
    """The answer is known and is in ``Once.replayed``, so there is no result to return."""


class Once:
    """One request with a key: ``run`` wraps each of its mutations, ``finish`` completes the answer.

    The key is taken in the transaction of the mutation itself. The answer follows when it is complete; if the
    process ends before that, the next request reads the changed row again.
    """

    def __init__(self, *, company_id: int, account: str, key: str, fingerprint: str) -> None:
        self._scope = {"company_id": company_id, "account": account, "key": key}
        self._fingerprint = fingerprint
        self._unanswered: dict[str, IdempotencyKey] = {}
        self._replayed: dict[str, dict[str, Any]] = {}
        #: The mutations that took effect now, and those whose effect is of an earlier request.
        self._acted, self._repeated = 0, 0

    @property
    def is_replay(self) -> bool:
        """Whether nothing took effect now: all mutations had done so in an earlier request."""
        return self._repeated > 0 and not self._acted

    def run(self, response_key: str, act: Callable[[], object], read: Callable[[object], object]) -> object:
        """Run a mutation if the key is new; else return its result, read again by primary key.

        :raises Replayed: if its answer is known.
        :raises Conflict: if the key was used for another request, or the first one is still running.
        """
        with transaction.atomic():
            claim = self._claim(response_key)
            result = None if claim is None else act()
            if claim is not None:
                claim.result = _noted(result)
                claim.save(update_fields=["result"])
        if claim is None:
            return self._repeat(response_key, read)
        self._acted += 1
        self._unanswered[response_key] = claim
        return result

    def _claim(self, response_key: str) -> IdempotencyKey | None:
        """Claim the key after concurrent requests; return None if this request was sent before."""
        self._wait()
        known = IdempotencyKey.objects.filter(**self._scope)
        # An expired key may be used again before it is pruned.
        known.filter(created_at__lt=timezone.now() - KEPT).delete()
        if known.exclude(fingerprint=self._fingerprint).exists():
            raise Conflict(ConflictReason.KEY_REUSED, "This Idempotency-Key was used for another request.")
        try:
            with transaction.atomic():
                return IdempotencyKey.objects.create(
                    **self._scope, response_key=response_key, fingerprint=self._fingerprint
                )
        except IntegrityError:
            return None

    def _wait(self) -> None:
        # SQLite has one writer at a time anyway.
        if connection.vendor != "postgresql":
            return
        place = json.dumps(sorted(self._scope.items()))
        try:
            # Rows cannot be waited for that are not there yet: those of another request have other names.
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [place])
        except OperationalError as error:
            if not is_lock_timeout(error):
                raise
            raise Conflict(
                ConflictReason.KEY_RUNNING, "The first request with this Idempotency-Key is still running."
            ) from error

    def _repeat(self, response_key: str, read: Callable[[object], object]) -> object:
        claim = IdempotencyKey.objects.filter(**self._scope, response_key=response_key).first()
        if claim is None:
            raise Conflict(
                ConflictReason.KEY_RUNNING,
                "The first request with this Idempotency-Key has just ended; send it again.",
            )
        if claim.fingerprint != self._fingerprint:
            raise Conflict(ConflictReason.KEY_REUSED, "This Idempotency-Key was used for another request.")
        if claim.answer is not None:
            self._repeated += 1
            self._replayed[response_key] = json.loads(claim.answer)
            raise Replayed
        noted = claim.result or {}
        if not noted:
            raise Conflict(
                ConflictReason.KEY_RUNNING, "The first request with this Idempotency-Key is still running."
            )
        self._repeated += 1
        self._unanswered[response_key] = claim
        return read(noted["id"]) if "id" in noted else noted["value"]

    def finish(
        self, data: dict[str, Any] | None, errors: list[dict[str, Any]], truncated: list[list[str | int]]
    ) -> list[dict[str, Any]]:
        """Add known answers to the data of a response, store the new ones, and return the errors of both.

        :param data: what the request answers, by response key; it is completed in place.
        :param truncated: paths of the lists that were cut; completed in place as well.
        """
        if data is None:
            return errors
        for response_key, claim in self._unanswered.items():
            of_this = [error for error in errors if (error.get("path") or [None])[0] == response_key]
            if any(error["extensions"]["code"] in PASSING for error in of_this):
                # The change is stored, and only its answer failed: the next request reads the row again.
                continue
            cut = [path for path in truncated if path[0] == response_key]
            self._keep(claim, {"data": data[response_key], "errors": of_this, "truncated": cut})
        for response_key, answer in self._replayed.items():
            data[response_key] = answer["data"]
            # Answers that were kept before lists were cut have none.
            truncated.extend(answer.get("truncated", []))
            errors = [*errors, *answer["errors"]]
        return errors

    def _keep(self, claim: IdempotencyKey, answer: dict[str, object]) -> None:
        try:
            # As text: as an object, PostgreSQL would give its fields in another order.
            IdempotencyKey.objects.filter(pk=claim.pk, answer__isnull=True).update(answer=json.dumps(answer))
        except DatabaseError:
            # The mutation is stored, and this answer is right; the next request reads the row again.
            logger.exception("The answer to a keyed request could not be kept.")


def _noted(result: object) -> dict[str, object] | None:
    """Return JSON by which a result can be found again; None if it cannot."""
    if isinstance(result, models.Model):
        return {"id": result.pk}
    return {"value": result} if isinstance(result, str | int | None) else None


def fingerprint_of(text: str, operation_name: str | None, variables: Mapping[str, object]) -> str:
    """Return the hash of a request: document, operation, and variables with the contents of files."""
    whole = json.dumps([text, operation_name, variables], sort_keys=True, default=_content_hash)
    return hashlib.sha256(whole.encode()).hexdigest()


def _content_hash(value: object) -> list[str]:
    if not isinstance(value, File):
        raise TypeError(f"{type(value)} is no value of a request")
    digest = hashlib.sha256()
    chunks: Iterable[bytes] = value.chunks()
    for chunk in chunks:
        digest.update(chunk)
    return [str(value.name), digest.hexdigest()]


def prune(*, batch: Batch = transaction.atomic) -> int:
    """Delete the expired keys of all companies; return their number."""
    return delete_in_batches(IdempotencyKey.objects.filter(created_at__lt=timezone.now() - KEPT), batch=batch)
