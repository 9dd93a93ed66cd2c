"""Idempotency keys: a client can repeat a mutation without repeating its effect."""

from django.db import models


class IdempotencyKey(models.Model):
    """One mutation with a key, stored in its transaction; ``answer`` is set once the response is known."""

    company = models.ForeignKey("crm.Company", on_delete=models.CASCADE, related_name="+")
    account = models.CharField(max_length=64)
    key = models.CharField(max_length=255)
    response_key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    result = models.JSONField(null=True)
    answer = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["company", "account", "key", "response_key"], name="idempotency_key_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.key} of {self.account}"
