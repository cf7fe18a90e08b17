"""What the clock and the nudges do to orders. Each may run twice, or late, or not at all: the next tick catches up."""

from celery import shared_task
from django.utils import timezone

from orders import services

BATCHES = 50
# Questions that nobody waits for: they leave room for everything else.
CHECKS = 5


@shared_task
def expire_unpaid_orders() -> None:
    """End the orders whose payment window is over, in small batches."""
    for _ in range(BATCHES):
        if services.expire_unpaid(now=timezone.now()) == 0:
            return


@shared_task
def send_due_refunds() -> None:
    """Ask the providers for the refunds that are due, in small batches."""
    services.begin_nudged("orders.tasks.send_due_refunds")
    for _ in range(BATCHES):
        if services.send_due_refunds(now=timezone.now()) == 0:
            return


@shared_task
def allocate_arrivals() -> None:
    """Let back-ordered orders go on whose units have arrived."""
    services.allocate_arrivals(now=timezone.now())


@shared_task
def give_back_quotas() -> None:
    """Put what drops that are over have left back into general stock."""
    services.give_back_quotas(now=timezone.now())


@shared_task
def ask_about_silent_payments() -> None:
    """Ask the providers about payments of which nothing was heard, in small batches."""
    for _ in range(BATCHES):
        if services.ask_about_silent_payments(now=timezone.now()) == 0:
            return


@shared_task
def ask_about_captured_payments() -> None:
    """Ask the providers what became of money that came, in a few small batches; the next tick goes on."""
    for _ in range(CHECKS):
        if services.ask_about_captured_payments(now=timezone.now()) == 0:
            return


@shared_task
def close_ended_sessions() -> None:
    """Close the providers' pages on which nobody may pay any more, in small batches."""
    for _ in range(BATCHES):
        if services.close_ended_sessions(now=timezone.now()) == 0:
            return


@shared_task
def send_due_messages() -> None:
    """Send the e-mails that are due, in small batches."""
    services.begin_nudged("orders.tasks.send_due_messages")
    for _ in range(BATCHES):
        if services.send_due_messages(now=timezone.now()) == 0:
            return


@shared_task
def write_hold_messages() -> None:
    """Write the e-mails about holds that end, for those who asked."""
    services.write_hold_messages(now=timezone.now())


@shared_task
def forget_old_keys() -> None:
    """Drop the idempotency keys that nobody will repeat any more."""
    services.forget_old_keys(now=timezone.now())


@shared_task
def write_stock_notices() -> None:
    """Tell those who asked what is back in stock."""
    services.write_stock_notices(now=timezone.now())


@shared_task
def tell_shoppers_in_line() -> None:
    """Write the e-mails about turns in line, in small batches."""
    services.begin_nudged("orders.tasks.tell_shoppers_in_line")
    for _ in range(BATCHES):
        if services.tell_shoppers_in_line(now=timezone.now()) == 0:
            return
