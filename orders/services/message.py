"""E-mails: written with the fact, sent by the worker, tried again until they are through."""

import logging
import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation

from orders import papers
from orders.models import Message, Order, Paper
from orders.services.nudge import nudge_after_commit
from shop.clock import going_on
from shop.errors import NotFound

logger = logging.getLogger(__name__)

# A batch in which the mail server lets us wait for EMAIL_TIMEOUT each time still ends before its first claim does.
BATCH = 10
LEASE = timedelta(minutes=2)
LONGEST_PAUSE = timedelta(hours=1)
# These tell that an order is paid, and bring its invoice.
WITH_INVOICE = {"order_paid", "order_paid_late", "order_backordered", "order_preordered"}
# Ends the key of a message; what follows it tells copies apart.
COPY = "~"
PRESS_LENGTH = 12
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


def send_again(*, message_id: UUID, press: str, now: datetime) -> Message:
    """Put a copy of a message into the outbox, as it was worded, to the same address. One for each `press`.

    :raises NotFound: if there is no such message.
    """
    message = Message.objects.filter(pk=message_id).first()
    if message is None:
        raise NotFound()
    copy, _ = Message.objects.get_or_create(
        key=f"{message.key.partition(COPY)[0]}{COPY}{press[:PRESS_LENGTH]}",
        defaults={
            "to": message.to,
            "subject": message.subject,
            "text": message.text,
            "html": message.html,
            "created_at": now,
            "next_attempt_at": now,
        },
    )
    nudge_after_commit("orders.tasks.send_due_messages")
    return copy


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
    sent, clock = 0, going_on(now)
    for message in Message.objects.due(now=now).order_by("next_attempt_at")[:BATCH]:
        claimed = Message.objects.due(now=now).filter(pk=message.pk, attempts=message.attempts)
        moment = clock()
        if claimed.update(attempts=message.attempts + 1, next_attempt_at=moment + LEASE):
            sent += _send(message, now=moment)
    return sent


def _send(message: Message, *, now: datetime) -> bool:
    headers = {"Message-ID": message_id_of(message), "Auto-Submitted": "auto-generated"}
    email = EmailMultiAlternatives(subject=message.subject, body=message.text, to=[message.to], headers=headers)
    email.attach_alternative(message.html, "text/html")
    _attach_invoice(email, message)
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


def message_id_of(message: Message) -> str:
    """The same at every try, so that a second copy of one message is known as such."""
    return f"<{message.pk.hex}@{urlsplit(settings.SITE_URL).hostname}>"


def _attach_invoice(email: EmailMultiAlternatives, message: Message) -> None:
    """Drawn now and kept nowhere: a paper never changes, and the same paper gives the same bytes."""
    name, _, about = message.key.partition(":")
    if name not in WITH_INVOICE:
        return
    invoice = Paper.objects.filter(invoiced_order=UUID(about.partition(":")[0])).first()
    if invoice is None:
        return
    try:
        email.attach(f"{invoice.number}.pdf", papers.pdf(invoice), "application/pdf")
    except Exception:
        # Whatever is wrong with one paper, its e-mail has a link to the order and the others have their turn.
        logger.exception("Invoice %s could not be drawn; its e-mail goes without it", invoice.number)
