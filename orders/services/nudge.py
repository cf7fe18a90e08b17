"""Waking the worker early. What it does is in the database: if the nudge is lost, the next beat tick finds it."""

import logging
from functools import partial

from celery import current_app
from django.db import transaction
from kombu.exceptions import KombuError, OperationalError

logger = logging.getLogger(__name__)


def nudge_after_commit(task_name: str) -> None:
    """Ask the worker to run this task as soon as the transaction is through. A broker that is down delays, no more."""
    transaction.on_commit(partial(_send, task_name))


def _send(task_name: str) -> None:
    try:
        current_app.send_task(task_name, ignore_result=True)
    except (KombuError, OperationalError, OSError) as error:
        logger.warning("The broker did not take %s: %s. The next tick will.", task_name, error)
