"""The outbox: written with the fact, sent by the worker, tried until it is through."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.mail import EmailMultiAlternatives

from orders import papers, services, tasks
from orders.models import Message, OrderStatus, Paper
from orders.services.message import LEASE
from shop.errors import NotFound
from tests.books import nothing_changes
from tests.factories import ACTOR, NOW, CouponFactory, StockItemFactory, guest_cart, paid_order, placed_order

pytestmark = pytest.mark.django_db


def test_send_due_messages_sends_each_once(mailoutbox: list[EmailMultiAlternatives]) -> None:
    order = placed_order()

    assert services.send_due_messages(now=NOW) == 1
    with nothing_changes():
        assert services.send_due_messages(now=NOW + timedelta(days=1)) == 0

    assert [mail.to for mail in mailoutbox] == [[order.email]]
    assert order.number in mailoutbox[0].body
    assert mailoutbox[0].alternatives[0].mimetype == "text/html"
    assert Message.objects.get().sent_at == NOW


def test_send_due_messages_waits_longer_after_each_failure_and_never_gives_up(
    monkeypatch: pytest.MonkeyPatch, mailoutbox: list[EmailMultiAlternatives]
) -> None:
    placed_order()

    def refuse(mail: EmailMultiAlternatives) -> int:
        raise ConnectionRefusedError("no mail server")

    with monkeypatch.context() as world:
        world.setattr(EmailMultiAlternatives, "send", refuse)
        pauses = []
        for _ in range(12):
            now = Message.objects.get().next_attempt_at
            assert services.send_due_messages(now=now) == 0
            pauses.append(Message.objects.get().next_attempt_at - now)
    message = Message.objects.get()

    assert pauses == sorted(pauses)
    assert pauses[-1] == timedelta(hours=1)
    assert message.last_error == "no mail server"
    assert services.send_due_messages(now=message.next_attempt_at) == 1
    assert len(mailoutbox) == 1


def test_one_address_that_is_refused_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch, mailoutbox: list[EmailMultiAlternatives]
) -> None:
    for _ in range(3):
        placed_order()
    real, turns = EmailMultiAlternatives.send, iter([False, True, False])

    def sometimes(mail: EmailMultiAlternatives) -> int:
        if next(turns):
            raise OSError("refused")
        return real(mail)

    monkeypatch.setattr(EmailMultiAlternatives, "send", sometimes)

    assert services.send_due_messages(now=NOW) == 2
    assert len(mailoutbox) == 2


def test_a_worker_that_dies_while_sending_leaves_the_message_to_the_next(
    monkeypatch: pytest.MonkeyPatch, mailoutbox: list[EmailMultiAlternatives]
) -> None:
    placed_order()

    def die(mail: EmailMultiAlternatives) -> int:
        raise SystemExit

    with monkeypatch.context() as world:
        world.setattr(EmailMultiAlternatives, "send", die)
        with pytest.raises(SystemExit):
            services.send_due_messages(now=NOW)

    assert services.send_due_messages(now=NOW + LEASE - timedelta(microseconds=1)) == 0
    assert services.send_due_messages(now=NOW + LEASE) == 1


def test_a_message_that_cannot_be_written_is_kept_and_stops_nobody(mailoutbox: list[EmailMultiAlternatives]) -> None:
    placed_order()
    Message.objects.update(subject="One\nBcc: other@example.com")
    placed_order()

    assert services.send_due_messages(now=NOW) == 1

    assert [mail.subject.count("\n") for mail in mailoutbox] == [0]
    assert "newlines" in Message.objects.get(sent_at=None).last_error


def test_the_tasks_do_what_is_due_and_may_run_twice(mailoutbox: list[EmailMultiAlternatives]) -> None:
    order = placed_order(now=NOW - timedelta(days=365))

    for _ in range(2):
        tasks.expire_unpaid_orders()
        tasks.send_due_refunds()
        tasks.send_due_messages()

    order.refresh_from_db()
    assert order.status == OrderStatus.EXPIRED
    # Placed, and over; each once.
    assert len(mailoutbox) == 2


def test_the_totals_in_a_message_add_up(mailoutbox: list[EmailMultiAlternatives]) -> None:
    cart = guest_cart(lines={StockItemFactory().variant: 2})
    services.save_checkout(cart_id=cart.pk, coupon_code=CouponFactory(code="TAHAN10").code)
    services.place_order(cart_id=cart.pk, user=AnonymousUser(), now=NOW, actor=ACTOR)

    services.send_due_messages(now=NOW)

    text = str(mailoutbox[0].body).replace("\u00a0", " ")
    assert "Items: Rp 500.000\nDiscount, TAHAN10: −Rp 50.000\nDelivery, Regular: Rp 20.000\n" in text
    assert "Total: Rp 470.000\nIncludes PPN 11 %: Rp 46.577\n" in text
    html = str(mailoutbox[0].alternatives[0][0]).replace("\u00a0", " ")
    assert "Discount, TAHAN10" in html
    assert "Includes PPN 11 %" in html


def test_every_try_of_a_message_has_the_same_id(settings: Any, mailoutbox: list[EmailMultiAlternatives]) -> None:
    settings.SITE_URL = "https://shop.example.com:8443"
    placed_order()
    placed_order()

    services.send_due_messages(now=NOW)
    Message.objects.update(sent_at=None)
    services.send_due_messages(now=NOW + LEASE)

    ids = [mail.message()["Message-ID"] for mail in mailoutbox]
    assert sorted(ids) == sorted(2 * [f"<{message.pk.hex}@shop.example.com>" for message in Message.objects.all()])
    assert {mail.message()["Auto-Submitted"] for mail in mailoutbox} == {"auto-generated"}


def test_the_message_of_a_paid_order_brings_its_invoice(mailoutbox: list[EmailMultiAlternatives]) -> None:
    invoice = paid_order().papers.get()

    services.send_due_messages(now=NOW)

    placed, paid = sorted(mailoutbox, key=lambda mail: len(mail.attachments))
    assert placed.attachments == []
    assert [(part.filename, part.mimetype) for part in paid.attachments] == [
        (f"{invoice.number}.pdf", "application/pdf")
    ]
    assert paid.attachments[0].content == papers.pdf(invoice)


def test_an_invoice_that_cannot_be_drawn_stops_no_message(
    mailoutbox: list[EmailMultiAlternatives], caplog: pytest.LogCaptureFixture
) -> None:
    paid_order()
    broken = Paper.objects.get()
    Paper.objects.update(content={})
    paid_order()

    assert services.send_due_messages(now=NOW) == 4

    assert sorted(len(mail.attachments) for mail in mailoutbox) == [0, 0, 0, 1]
    assert broken.number in caplog.text


def test_a_message_is_sent_again_as_a_copy_once_for_each_press(mailoutbox: list[EmailMultiAlternatives]) -> None:
    paid_order()
    services.send_due_messages(now=NOW)
    message = Message.objects.get(key__startswith="order_paid:")
    later = NOW + timedelta(days=1)

    copy = services.send_again(message_id=message.pk, press="a" * 32, now=later)
    with nothing_changes():
        assert services.send_again(message_id=message.pk, press="a" * 32, now=later) == copy
    copy_of_copy = services.send_again(message_id=copy.pk, press="b" * 32, now=later)
    assert services.send_due_messages(now=later) == 2

    assert {copy.key, copy_of_copy.key} == {f"{message.key}~{letter * 12}" for letter in "ab"}
    assert [(mail.subject, mail.body, mail.to) for mail in mailoutbox[2:]] == [
        (message.subject, message.text, [message.to])
    ] * 2
    assert [len(mail.attachments) for mail in mailoutbox[2:]] == [1, 1]


def test_send_again_refuses_a_message_that_is_not_there() -> None:
    with nothing_changes(), pytest.raises(NotFound):
        services.send_again(message_id=uuid4(), press="a", now=NOW)
