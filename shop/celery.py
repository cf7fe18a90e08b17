"""The Celery app, and everything in the shop that runs on a clock.

Every task is a nudge for rows that the next tick would find anyway, so a lost message, a dead worker or a task
that runs twice costs time and never correctness.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

app = Celery("tahan")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
