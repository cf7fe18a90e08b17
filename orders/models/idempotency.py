"""The memory that makes a repeated request have one effect."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models


class IdempotencyKey(models.Model):
    """The first answer to a key, stored in the transaction that did the work: same key, same answer, one effect."""

    scope = models.CharField(max_length=80, help_text="Whose key it is: two callers may mint the same one.")
    key = models.CharField(max_length=100)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of method, path and body.")
    status = models.PositiveSmallIntegerField(default=0)
    body = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        indexes = [models.Index(fields=["fingerprint"], name="idempotencykey_fingerprint")]
        constraints = [models.UniqueConstraint(fields=["scope", "key"], name="idempotencykey_one_per_scope")]

    def __str__(self) -> str:
        return f"{self.scope} {self.key}"
