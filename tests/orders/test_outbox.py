"""The demo's outbox: everybody's e-mails, under a policy as strict as they allow, and nowhere but in the demo."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from orders import services
from orders.models import Message
from orders.views.outbox import MESSAGES_PER_PAGE
from tests.factories import NOW, placed_order

pytestmark = pytest.mark.django_db

OUTBOX = reverse("orders:outbox")


def mail(*, minutes: int = 0, subject: str = "Subject") -> Message:
    when = NOW + timedelta(minutes=minutes)
    return Message.objects.create(
        key=uuid4().hex,
        to="ani@example.com",
        subject=subject,
        text="See https://example.com/it <b>",
        html="<html><head><title>It</title></head><body></body></html>",
        created_at=when,
        next_attempt_at=when,
    )


def policy(answer: object) -> dict[str, str]:
    parts = answer["Content-Security-Policy"].split(";")  # type: ignore[index]
    return {name: value for name, _, value in (part.strip().partition(" ") for part in parts)}


def pages_of(message: Message) -> list[str]:
    return [reverse(f"orders:{name}", args=[message.pk]) for name in ("outbox_message", "outbox_html")]


def test_outside_the_demo_there_is_no_outbox(client: Client, settings: Any) -> None:
    addresses = [OUTBOX, *pages_of(mail())]
    assert [client.get(address).status_code for address in addresses] == [200, 200, 200]
    assert OUTBOX in client.get("/").content.decode()

    settings.DEMO = False

    assert [client.get(address).status_code for address in addresses] == [404, 404, 404]
    assert OUTBOX not in client.get("/").content.decode()


def test_an_empty_outbox_says_what_fills_it(client: Client) -> None:
    assert "No e-mails yet." in client.get(OUTBOX).content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_messages_are_listed_newest_first_in_as_many_queries_as_one(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    for minute in range(count):
        mail(minutes=minute, subject=f"Mail {minute}")

    # The count, the messages, and the shelves of the header.
    with django_assert_num_queries(3):
        page = client.get(OUTBOX)

    assert [row.subject for row in page.context["page"]] == [f"Mail {minute}" for minute in reversed(range(count))]


def test_the_outbox_has_pages(client: Client) -> None:
    for minute in range(MESSAGES_PER_PAGE + 1):
        mail(minutes=minute, subject=f"Mail {minute}")

    assert 'href="?page=2"' in client.get(OUTBOX).content.decode()
    assert [row.subject for row in client.get(OUTBOX, {"page": 2}).context["page"]] == ["Mail 0"]


def test_the_outbox_says_what_was_sent_and_what_waits(client: Client) -> None:
    order = placed_order()
    waiting = client.get(OUTBOX).content.decode()
    services.send_due_messages(now=NOW)
    sent = client.get(OUTBOX).content.decode()

    assert order.email in waiting
    assert (">Waiting<" in waiting, ">Sent<" in waiting) == (True, False)
    assert (">Waiting<" in sent, ">Sent<" in sent) == (False, True)


def test_a_message_shows_its_text_with_links_and_its_html_in_a_closed_frame(client: Client) -> None:
    message = mail(subject="<script>")
    address, html = pages_of(message)

    answer = client.get(address)
    page = answer.content.decode()

    assert '<a href="https://example.com/it"' in page
    assert "&lt;b&gt;" in page
    assert "<script>" not in page
    assert f'src="{html}" sandbox="allow-top-navigation-by-user-activation"' in page
    strict = policy(client.get(OUTBOX))
    assert "frame-src" not in strict
    assert policy(answer) == {**strict, "frame-src": "'self'"}
    assert answer["X-Frame-Options"] == "DENY"


def test_the_html_of_a_message_may_have_styles_and_nothing_else(client: Client) -> None:
    answer = client.get(pages_of(mail())[1])

    assert policy(answer) == {
        "default-src": "'none'",
        "style-src": "'unsafe-inline'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'self'",
        "sandbox": "allow-top-navigation-by-user-activation",
    }
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert answer.content.startswith(b'<html><head><base target="_top">')


def test_an_unknown_message_is_not_found(client: Client) -> None:
    unknown = mail()
    Message.objects.all().delete()

    assert [client.get(address).status_code for address in pages_of(unknown)] == [404, 404]
