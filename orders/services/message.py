"""E-mails: written with the fact, sent by the worker, tried again until they are through."""

import re
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation

from orders.models import Message, Order
from orders.services.nudge import nudge_after_commit

# A batch in which the mail server lets us wait for EMAIL_TIMEOUT each time still ends before its first claim does.
BATCH = 10
LEASE = timedelta(minutes=2)
LONGEST_PAUSE = timedelta(hours=1)
EMPTY_LINES = re.compile(r"\n{3,}")


def write_order_message(order: Order, *, name: str, now: datetime, key: str = "", **context: Any) -> None:
    """Put the e-mail `templates/email/<name>` about this order into the outbox, in the caller's transaction.

    It is worded now, in the order's language: what it says is what was true when it was written. The same name for the
    same order (and the same `key`, where there may be several) is written once.
    """
    context = {"order": order, "lines": list(order.lines.all()), **context}
    write_message(to=order.email, language=order.language, name=name, key=f"{order.pk}:{key}", context=context, now=now)


def write_message(*, to: str, language: str, name: str, key: str, context: dict[str, Any], now: datetime) -> bool:
    """Put the e-mail `templates/email/<name>` into the outbox; False if one with this key was written before."""
    worded = word_message(name=name, language=language, context=context)
    _, is_new = Message.objects.get_or_create(
        key=f"{name}:{key}", defaults={"to": to, "created_at": now, "next_attempt_at": now, **worded}
    )
    nudge_after_commit("orders.tasks.send_due_messages")
    return is_new


def word_message(*, name: str, language: str, context: dict[str, Any]) -> dict[str, str]:
    """Subject, text and HTML of the e-mail `templates/email/<name>` in this language."""
    context = {
        "site_url": settings.SITE_URL,
        "seller_name": settings.SELLER_NAME,
        "seller_address": settings.SELLER_ADDRESS,
        **context,
    }
    with translation.override(language):
        subject = render_to_string(f"email/{name}.subject.txt", context)
        text = render_to_string(f"email/{name}.txt", context)
        html = render_to_string(f"email/{name}.html", context)
    # A condition that does not hold leaves its empty lines behind.
    return {"subject": " ".join(subject.split()), "text": EMPTY_LINES.sub("\n\n", text).strip() + "\n", "html": html}


def send_due_messages(*, now: datetime) -> int:
    """Send what is due; returns how many went out. A message that fails waits longer each time and is never dropped.

    Each is claimed for two minutes before it is sent, so two workers do not send the same one; a worker that dies in
    between may cause a second copy, never a lost one.
    """
    sent = 0
    for message in Message.objects.due(now=now).order_by("next_attempt_at")[:BATCH]:
        claimed = Message.objects.due(now=now).filter(pk=message.pk, attempts=message.attempts)
        if claimed.update(attempts=message.attempts + 1, next_attempt_at=now + LEASE):
            sent += _send(message, now=now)
    return sent


def _send(message: Message, *, now: datetime) -> bool:
    email = EmailMultiAlternatives(subject=message.subject, body=message.text, to=[message.to])
    email.attach_alternative(message.html, "text/html")
    try:
        email.send()
    except (OSError, ValueError) as error:
        # smtplib's errors are OSErrors; a header or an address that cannot be written is a ValueError. Neither may
        # keep the messages behind it.
        pause = min(timedelta(seconds=30) * 2**message.attempts, LONGEST_PAUSE)
        Message.objects.filter(pk=message.pk).update(last_error=str(error)[:300], next_attempt_at=now + pause)
        return False
    Message.objects.filter(pk=message.pk).update(sent_at=now, last_error="")
    return True
