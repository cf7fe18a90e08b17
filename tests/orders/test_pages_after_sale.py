"""After the sale, for the customer: parcels, cancelling, returns, money and who did what, on the order's page."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orders import services
from orders.models import Order, OrderStatus, Refund, ReturnRequest, ReturnStatus
from tests.books import nothing_changes
from tests.factories import UserFactory, report
from tests.orders.pages import add, on_sale, place_order

pytestmark = pytest.mark.django_db

STAFF = "boss@example.com"


@pytest.fixture
def paid(client: Client) -> Order:
    """A paid order of two units of this browser."""
    add(client, on_sale(), quantity=2)
    order = place_order(client)
    now = timezone.now()
    report(services.start_payment(order_id=order.pk, now=now), now=now)
    return order


@pytest.fixture
def sent(paid: Order) -> Order:
    services.fulfil_order(
        order_id=paid.pk,
        carrier="JNE",
        tracking_number="JNE-77",
        tracking_url="https://jne.example/77",
        now=timezone.now(),
        actor=STAFF,
    )
    return paid


def page_of(order: Order, name: str = "order") -> str:
    return reverse(f"orders:{name}", args=[order.pk])


def text_of(answer: Any) -> str:
    return answer.content.decode()


def ask(client: Client, order: Order, units: Any = 1, **more: Any) -> Any:
    form = {f"units-{order.lines.get().pk}": units, "reason": "DAMAGED", "remark": "A dent.", "key": "a" * 32}
    return client.post(page_of(order, "order_return"), {**form, **more})


def withdraw(client: Client, asked: ReturnRequest, order: Order) -> Any:
    return client.post(reverse("orders:return_withdraw", args=[order.pk, asked.pk]))


def test_the_page_shows_the_parcel_and_who_sent_it(client: Client, sent: Order) -> None:
    page = text_of(client.get(page_of(sent)))

    for words in ["Parcel 1", "On its way", "JNE-77", "https://jne.example/77", "Send something back", "our staff"]:
        assert words in page, words
    assert STAFF not in page
    assert "Cancel this order" not in page


def test_a_paid_order_is_cancelled_once_with_its_money(client: Client, paid: Order) -> None:
    offered = text_of(client.get(page_of(paid)))
    for _ in range(2):
        client.post(page_of(paid, "order_cancel"))

    page = text_of(client.get(page_of(paid)))
    paid.refresh_from_db()
    assert "Nothing is packed yet" in offered
    assert paid.status == OrderStatus.CANCELLED
    assert Refund.objects.get().amount_minor == paid.total_minor
    for words in ["What you paid is on its way back", "2 cancelled", "Refunded"]:
        assert words in page, words


def test_a_packed_order_offers_no_cancelling(client: Client, paid: Order) -> None:
    services.pack(order_id=paid.pk, units={paid.lines.get().pk: 1}, now=timezone.now(), actor=STAFF)

    assert "Cancel this order" not in text_of(client.get(page_of(paid)))
    with nothing_changes():
        assert client.post(page_of(paid, "order_cancel")).status_code == 409


def test_a_return_is_asked_for_once_and_withdrawn(client: Client, sent: Order) -> None:
    form = text_of(client.get(page_of(sent, "order_return")))
    answers = [ask(client, sent) for _ in range(2)]
    asked = ReturnRequest.objects.get()
    page = text_of(client.get(page_of(sent)))
    for _ in range(2):
        assert withdraw(client, asked, sent).status_code == 303

    asked.refresh_from_db()
    assert "Ask for the return" in form
    assert [answer.status_code for answer in answers] == [303, 303]
    for words in ["Return 1", "A dent.", "Withdraw return 1"]:
        assert words in page, words
    assert (asked.status, asked.lines.get().quantity) == (ReturnStatus.WITHDRAWN, 1)


def test_back_and_another_answer_is_another_return(client: Client, sent: Order) -> None:
    for note in ("A dent.", "A dent.", "And a scratch."):
        ask(client, sent, remark=note)

    assert sorted(ReturnRequest.objects.values_list("note", flat=True)) == ["A dent.", "And a scratch."]


@pytest.mark.parametrize("wrong", [{"units": 0}, {"units": 3}, {"units": "x"}, {"reason": ""}, {"reason": "BORED"}])
def test_a_return_that_is_filled_in_wrongly_is_shown_again(client: Client, sent: Order, wrong: dict[str, Any]) -> None:
    with nothing_changes():
        answer = ask(client, sent, **wrong)

    assert answer.status_code == 422
    assert "Check one answer" in text_of(answer)


def test_a_decided_return_is_not_withdrawn_and_an_unsent_order_not_returned(client: Client, sent: Order) -> None:
    ask(client, sent)
    asked = ReturnRequest.objects.get()
    services.decide_return(return_id=asked.pk, approve=False, answer="It was worn.", now=timezone.now(), actor=STAFF)

    with nothing_changes():
        assert withdraw(client, asked, sent).status_code == 409
    assert "It was worn." in text_of(client.get(page_of(sent)))


def test_nothing_to_return_says_so(client: Client, paid: Order) -> None:
    answer = client.get(page_of(paid, "order_return"))

    assert answer.status_code == 200
    assert "Nothing can be sent back now" in text_of(answer)
    with nothing_changes():
        assert client.post(page_of(paid, "order_return"), {"reason": "OTHER"}).status_code == 409


def test_others_neither_ask_nor_withdraw(client: Client, sent: Order) -> None:
    ask(client, sent)
    asked, member = ReturnRequest.objects.get(), Client()
    member.force_login(UserFactory())

    with nothing_changes():
        for other in (Client(), member):
            assert ask(other, sent).status_code == 404
            assert withdraw(other, asked, sent).status_code == 404


def test_a_return_of_another_order_is_unknown(client: Client, sent: Order) -> None:
    add(client, on_sale())
    other = place_order(client)
    ask(client, sent)

    with nothing_changes():
        assert withdraw(client, ReturnRequest.objects.get(), other).status_code == 404


def test_notes_of_staff_are_not_shown(client: Client, paid: Order) -> None:
    services.write_note(order_id=paid.pk, text="Difficult customer.", now=timezone.now(), actor=STAFF)

    assert "Difficult customer." not in text_of(client.get(page_of(paid)))


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_costs_the_same_with_more_parcels_and_returns(
    client: Client, django_assert_num_queries: Any, count: int
) -> None:
    add(client, on_sale(), quantity=3)
    order, now = place_order(client), timezone.now()
    report(services.start_payment(order_id=order.pk, now=now), now=now)
    for _ in range(count):
        shipment = services.pack(order_id=order.pk, units={order.lines.get().pk: 1}, now=now, actor=STAFF)
        services.ship(shipment_id=shipment.pk, carrier="", tracking_number="", tracking_url="", now=now, actor=STAFF)
        services.request_return(
            order_id=order.pk, units={order.lines.get().pk: 1}, reason="OTHER", remark="", now=now, actor="guest"
        )

    with django_assert_num_queries(11):
        client.get(page_of(order))


def test_the_cancel_box_promises_what_is_left_and_not_the_whole_total(client: Client, paid: Order) -> None:
    services.repay(order_id=paid.pk, amount_minor=100_000, reason="Late", now=timezone.now(), actor=STAFF)

    page = text_of(client.get(page_of(paid)))

    assert "Rp\u00a0420.000 goes back to you at once" in page
    assert "Rp\u00a0520.000 goes back" not in page


def test_an_order_of_which_everything_went_back_does_not_say_that_it_is_paid(client: Client, paid: Order) -> None:
    services.repay(order_id=paid.pk, amount_minor=paid.total_minor, reason="All", now=timezone.now(), actor=STAFF)

    page = text_of(client.get(page_of(paid)))

    assert "Everything you paid went back" in page
    assert "Paid. It is yours." not in page.split("timeline-title")[0]


def test_a_return_for_which_nothing_was_left_says_so(client: Client, sent: Order) -> None:
    ask(client, sent)
    asked = ReturnRequest.objects.get()
    now = timezone.now()
    services.decide_return(return_id=asked.pk, approve=True, answer="", now=now, actor=STAFF)
    services.repay(order_id=sent.pk, amount_minor=sent.total_minor, reason="All", now=now, actor=STAFF)
    receipts = {asked.lines.get().pk: services.Receipt(restocked=1)}
    services.receive_return(return_id=asked.pk, receipts=receipts, now=now, actor=STAFF)
    services.refund_return(return_id=asked.pk, now=now, actor=STAFF)

    assert "Nothing was left to pay back" in text_of(client.get(page_of(sent)))
