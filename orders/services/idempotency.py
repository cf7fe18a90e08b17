"""Same key, same answer, one effect."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, OperationalError, connection
from django.utils.translation import gettext as _

from orders.models import IdempotencyKey
from orders.services.errors import KeyInUse, KeyUsedDifferently
from shop.errors import InvalidInput, ShopError
from shop.transactions import TryAgain, is_lock_wait, transactional

MAX_KEY_LENGTH = 100
KEPT_FOR = timedelta(days=30)
# The status of an answer that is not one yet: the work in the database is done, and a call to somebody else follows.
BEGUN = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a door answers: HTTP status and JSON body, and whether it is the stored first one."""

    status: int
    body: dict[str, Any]
    is_replay: bool = False


@transactional
def once(
    *,
    scope: str,
    key: str,
    fingerprint: str,
    now: datetime,
    produce: Callable[[], Answer],
    waits: bool = False,
) -> Answer:
    """Run `produce` and keep its answer, in one transaction; the same key in the same scope gets that answer again.

    The row of the key is written first and committed last, so its own lock tells a second call that the first one
    still runs. A refusal or a crash in `produce` rolls everything back, the key included: nothing is left locked. A
    call that `waits` gives the first one the time of a lock wait, and then gets its answer.

    :raises KeyInUse: if the first call with this key still runs (on SQLite, where writers take turns, it never does).
    :raises KeyUsedDifferently: if the key came with another fingerprint before.
    :raises InvalidInput: if the key is empty or too long.
    """
    _refuse_bad_key(key)
    known = _known(scope=scope, key=key, fingerprint=fingerprint)
    if known is not None:
        return known
    row = IdempotencyKey(scope=scope, key=as_kept(scope=scope, key=key), fingerprint=fingerprint, created_at=now)
    _claim(row, waits=waits)
    answer = produce()
    row.status, row.body = answer.status, answer.body
    row.save(update_fields=["status", "body"])
    return answer


def once_in_one_go(
    *,
    scope: str,
    key: str,
    fingerprint: str,
    now: datetime,
    produce: Callable[[Callable[[Answer], IdempotencyKey]], Answer],
) -> Answer:
    """As `once`, for work that knows its answer before it writes anything, and opens its own transaction.

    `produce` is given what makes the row of an answer, and writes that row with its own ones. Nothing is looked up
    before: who comes second finds the row there. A refusal stands only if the key was not answered before.

    :raises IntegrityError: if one of its rows is there already, and it is not that of the key.
    :raises KeyUsedDifferently: if the key came with another fingerprint before.
    :raises InvalidInput: if the key is empty or too long.
    """
    _refuse_bad_key(key)

    def row_of(answer: Answer) -> IdempotencyKey:
        return IdempotencyKey(
            scope=scope,
            key=as_kept(scope=scope, key=key),
            fingerprint=fingerprint,
            created_at=now,
            status=answer.status,
            body=answer.body,
        )

    try:
        return produce(row_of)
    except (ShopError, IntegrityError):
        known = _known(scope=scope, key=key, fingerprint=fingerprint)
        if known is None:
            raise
        return known


def answered_keys(*, fingerprint: str, most: int) -> set[str] | None:
    """The keys, as they are kept, under which this very request was answered. None if there are more than `most`."""
    keys = IdempotencyKey.objects.filter(fingerprint=fingerprint).values_list("key", flat=True)[: most + 1]
    found = set(keys)
    return None if len(found) > most else found


def _refuse_bad_key(key: str) -> None:
    if not 1 <= len(key) <= MAX_KEY_LENGTH:
        raise InvalidInput(
            field="Idempotency-Key",
            problem=_("Send 1 to %(max_key_length)s characters.") % {"max_key_length": MAX_KEY_LENGTH},
        )


def _known(*, scope: str, key: str, fingerprint: str) -> Answer | None:
    """The answer that is kept under this key."""
    known = IdempotencyKey.objects.filter(scope=scope, key=as_kept(scope=scope, key=key)).first()
    if known is None:
        return None
    if known.fingerprint != fingerprint:
        raise KeyUsedDifferently()
    return Answer(status=known.status, body=known.body, is_replay=True)


def _claim(row: IdempotencyKey, *, waits: bool) -> IdempotencyKey:
    """Write the row of the key, which nobody else can while this transaction is open."""
    try:
        with _lock_wait(allowed=waits):
            row.save(force_insert=True)
    except IntegrityError as error:
        # The first call committed since we looked: the next look finds its answer.
        raise TryAgain from error
    except OperationalError as error:
        if is_lock_wait(error):
            raise KeyInUse() from error
        raise
    return row


@contextmanager
def _lock_wait(*, allowed: bool) -> Iterator[None]:
    """Let the statement inside wait for a lock, or not for a moment: in the same round trip, whatever it costs."""

    def at_once(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        return execute(f"SET STATEMENT innodb_lock_wait_timeout = 0 FOR {sql}", params, many, context)

    if allowed or connection.vendor != "mysql":
        yield
        return
    with connection.execute_wrapper(at_once):
        yield


@transactional
def finish(*, scope: str, key: str, answer: Answer) -> None:
    """Keep the answer of work that `once` has kept as BEGUN. One that is kept already stays."""
    begun = IdempotencyKey.objects.filter(scope=scope, key=as_kept(scope=scope, key=key), status=BEGUN)
    begun.update(status=answer.status, body=answer.body)


def forget_old_keys(*, now: datetime) -> int:
    """Drop the keys that are older than KEPT_FOR; returns how many. A repeat after that is a new intent."""
    forgotten, _ = IdempotencyKey.objects.filter(created_at__lt=now - KEPT_FOR).delete()
    return forgotten


def as_kept(*, scope: str, key: str) -> str:
    """A digest: MariaDB would take "abc", "ABC " and "äbc" for one key, and answer one intent with another's."""
    return hashlib.sha256(f"{scope}\n{key}".encode()).hexdigest()
