"""Sending an e-mail again in the staff pages: by right, and once for each press."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from orders.models import Message
from tests.books import nothing_changes
from tests.factories import placed_order

pytestmark = pytest.mark.django_db


def test_a_press_sends_one_copy(boss_client: Client) -> None:
    placed_order()
    message = Message.objects.get()
    again = reverse("admin:orders_message_again", args=[message.pk])
    change = reverse("admin:orders_message_change", args=[message.pk])
    assert again in boss_client.get(change).content.decode()

    with nothing_changes():
        page = boss_client.get(again)
    answers = [boss_client.post(again, {"key": page.context["key"]}) for _ in range(2)]
    assert Message.objects.count() == 2
    boss_client.post(again, {"key": boss_client.get(again).context["key"]})

    assert [(answer.status_code, answer["Location"]) for answer in answers] == [(303, change)] * 2
    assert Message.objects.count() == 3
    assert set(Message.objects.values_list("to", "subject", "text", "html")) == {
        (message.to, message.subject, message.text, message.html)
    }


def test_a_form_without_its_key_sends_nothing(boss_client: Client) -> None:
    placed_order()
    again = reverse("admin:orders_message_again", args=[Message.objects.get().pk])

    assert boss_client.post(again).status_code == 200

    assert Message.objects.count() == 1


def test_who_may_only_look_sends_nothing(staff_client: Callable[..., Client]) -> None:
    placed_order()
    message = Message.objects.get()
    again = reverse("admin:orders_message_again", args=[message.pk])
    reader = staff_client("view_message")
    assert again not in reader.get(reverse("admin:orders_message_change", args=[message.pk])).content.decode()

    assert reader.get(again).status_code == 403
    assert reader.post(again, {"key": "a" * 32}).status_code == 403

    assert Message.objects.count() == 1
