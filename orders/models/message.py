"""The outbox: e-mails, written in the transaction of the fact that they tell."""

from datetime import datetime
from typing import Self

from django.db import models
from uuid6 import uuid7

# By then two hours have passed since the first try.
TRIES_BEFORE_A_PERSON = 8


class MessageQuerySet(models.QuerySet["Message"]):
    """Messages by what is still to be done with them."""

    def due(self, *, now: datetime) -> Self:
        """Not sent, and its next try is not in the future."""
        return self.filter(sent_at=None, next_attempt_at__lte=now)

    def stuck(self) -> Self:
        """Tried for hours and never taken. It is tried on, and a person should look at the address or the server."""
        return self.filter(sent_at=None, attempts__gte=TRIES_BEFORE_A_PERSON)


class Message(models.Model):
    """One e-mail. The worker sends it; staff can see it; `key` keeps the same fact from being told twice."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=120, unique=True)
    to = models.EmailField()
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField()
    created_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField(db_index=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=300, blank=True)

    objects = MessageQuerySet.as_manager()

    def __str__(self) -> str:
        return self.subject
