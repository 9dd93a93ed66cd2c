"""Keys by which a client repeats a request without repeating its effect."""

from django.db import models


class IdempotencyKey(models.Model):
    """One keyed mutation of one credential: what was asked, what it changed, and the first answer.

    The row is written in the transaction of the mutation itself, so that a key is taken if, and only if, its
    effect is stored. ``answer`` follows once the whole answer is known.
    """

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
