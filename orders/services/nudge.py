"""Waking the worker early. What it does is in the database: if the nudge is lost, the next beat tick finds it."""

import logging
from functools import partial

from celery import current_app
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from kombu.exceptions import KombuError, OperationalError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

# A nudge that is lost with its worker keeps others back for no longer than this.
JOINED_FOR_SECONDS = 10


def nudge_after_commit(task_name: str) -> None:
    """Ask the worker to run this task as soon as the transaction is through. A broker that is down delays, no more.

    One that waits in the queue already is enough: it will find what was committed before it begins. In a rush there
    would be thousands of them otherwise, and the ticks behind them would be too old when their turn came: holds would
    be swept minutes late.
    """
    transaction.on_commit(partial(_send, task_name))


def begin_nudged(task_name: str) -> None:
    """The task begins to look: what is committed from now on needs a nudge of its own."""
    if settings.NUDGES_ARE_JOINED:
        try:
            cache.delete(_key(task_name))
        except (RedisError, OSError) as error:
            logger.warning("The cache did not forget the nudge of %s: %s.", task_name, error)


def _send(task_name: str) -> None:
    try:
        if settings.NUDGES_ARE_JOINED and _one_waits(task_name):
            return
        current_app.send_task(task_name, ignore_result=True)
    except (KombuError, OperationalError, OSError) as error:
        logger.warning("The broker did not take %s: %s. The next tick will.", task_name, error)


def _one_waits(task_name: str) -> bool:
    """Whether a nudge waits already; from now on one does. Without a cache nobody knows, and one more does no harm."""
    try:
        return not cache.add(_key(task_name), True, timeout=JOINED_FOR_SECONDS)
    except RedisError:
        return False


def _key(task_name: str) -> str:
    return f"nudge:{task_name}"
