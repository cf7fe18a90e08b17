"""Same key, same answer, one effect."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError

from orders.models import IdempotencyKey
from orders.services.errors import KeyUsedDifferently
from shop.errors import InvalidInput
from shop.transactions import TryAgain, transactional

MAX_KEY_LENGTH = 100
KEPT_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a door answers: HTTP status and JSON body, and whether it is the stored first one."""

    status: int
    body: dict[str, Any]
    is_replay: bool = False


@transactional
def once(*, scope: str, key: str, fingerprint: str, now: datetime, produce: Callable[[], Answer]) -> Answer:
    """Run `produce` and keep its answer, in one transaction; the same key in the same scope gets that answer again.

    A second call while the first runs waits for the unique index and then finds the first answer. A refusal or a
    crash in `produce` rolls everything back, the key included, so that nothing is left locked.

    :raises KeyUsedDifferently: if the key came with another fingerprint before.
    :raises InvalidInput: if the key is empty or too long.
    """
    if not 1 <= len(key) <= MAX_KEY_LENGTH:
        raise InvalidInput(field="Idempotency-Key", problem=f"Send 1 to {MAX_KEY_LENGTH} characters.")
    kept = _as_kept(scope=scope, key=key)
    known = IdempotencyKey.objects.filter(scope=scope, key=kept).first()
    if known is not None:
        if known.fingerprint != fingerprint:
            raise KeyUsedDifferently()
        return Answer(status=known.status, body=known.body, is_replay=True)
    try:
        row = IdempotencyKey.objects.create(scope=scope, key=kept, fingerprint=fingerprint, created_at=now)
    except IntegrityError as error:
        raise TryAgain from error
    answer = produce()
    row.status, row.body = answer.status, answer.body
    row.save(update_fields=["status", "body"])
    return answer


def forget_old_keys(*, now: datetime) -> int:
    """Drop the keys that are older than KEPT_FOR; returns how many. A repeat after that is a new intent."""
    forgotten, _ = IdempotencyKey.objects.filter(created_at__lt=now - KEPT_FOR).delete()
    return forgotten


def _as_kept(*, scope: str, key: str) -> str:
    """A digest: MariaDB would take "abc", "ABC " and "äbc" for one key, and answer one intent with another's."""
    return hashlib.sha256(f"{scope}\n{key}".encode()).hexdigest()
