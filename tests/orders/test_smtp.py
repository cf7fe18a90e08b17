"""The outbox and a mail server that misbehaves, over a real socket: nothing is lost, and doubled only where nobody can
know better.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from orders import services
from orders.models import Message
from orders.services.message import LEASE, LONGEST_PAUSE, message_id_of
from tests.factories import NOW, placed_order
from tests.smtp_fake import SmtpFake, Trouble

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(settings: Any) -> Iterator[SmtpFake]:
    with SmtpFake() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.EMAIL_TIMEOUT = 0.5
        yield server


def message() -> Message:
    placed_order()
    return Message.objects.get()


def try_again(row: Message) -> int:
    """Send at the moment at which the next try is due."""
    row.refresh_from_db()
    return services.send_due_messages(now=row.next_attempt_at)


def test_a_server_that_behaves_gets_it_once(server: SmtpFake) -> None:
    row = message()

    assert services.send_due_messages(now=NOW) == 1
    assert services.send_due_messages(now=NOW + timedelta(days=1)) == 0

    assert [mail.to for mail in server.taken] == [row.to]
    assert message_id_of(row) in server.taken[0].text


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (Trouble.BUSY_AT_HELLO, "421"),
        (Trouble.GREYLISTED, "450"),
        (Trouble.UNKNOWN_MAILBOX, "550"),
        (Trouble.FULL_AT_DATA, "452"),
        (Trouble.REFUSED_AFTER_DATA, "554"),
        (Trouble.SILENT, "timed out"),
        (Trouble.HANGS_UP, "closed"),
    ],
)
def test_whatever_it_refuses_is_tried_again_later_and_arrives_once(
    server: SmtpFake, trouble: Trouble, said: str
) -> None:
    row = message()
    server.troubles = [trouble, trouble]

    pauses = []
    for _ in range(2):
        before = Message.objects.get().next_attempt_at
        assert try_again(row) == 0
        row.refresh_from_db()
        assert said in row.last_error
        pauses.append(row.next_attempt_at - before)
    assert try_again(row) == 1

    assert pauses[0] < pauses[1]
    assert [mail.to for mail in server.taken] == [row.to]
    row.refresh_from_db()
    assert (row.attempts, row.last_error, row.sent_at is None) == (3, "", False)


def test_one_that_is_refused_stops_none_behind_it(server: SmtpFake) -> None:
    for _ in range(3):
        placed_order()
    server.troubles = [Trouble.UNKNOWN_MAILBOX]

    assert services.send_due_messages(now=NOW) == 2
    assert len(server.taken) == 2


def test_where_the_answer_to_the_whole_message_is_lost_a_copy_has_the_same_id(server: SmtpFake) -> None:
    """The server has it and hung up before it said so. Not to send it again could lose it; twice it is known as one."""
    row = message()
    server.troubles = [Trouble.TAKES_IT_AND_HANGS_UP]

    assert (services.send_due_messages(now=NOW), try_again(row)) == (0, 1)

    assert len(server.taken) == 2
    assert {mail.header("Message-ID") for mail in server.taken} == {message_id_of(row)}


def test_an_answer_that_comes_twice_sends_nothing_twice(server: SmtpFake) -> None:
    message()
    server.troubles = [Trouble.ANSWERS_TWICE]

    assert services.send_due_messages(now=NOW) == 1
    assert services.send_due_messages(now=NOW + LEASE) == 0
    assert len(server.taken) == 1


def test_what_is_refused_for_hours_is_kept_and_stands_on_the_staff_queue(
    server: SmtpFake, admin_client: Client
) -> None:
    row = message()
    now: datetime = NOW
    while now < NOW + timedelta(hours=12):
        server.troubles = [Trouble.UNKNOWN_MAILBOX]
        services.send_due_messages(now=now)
        row.refresh_from_db()
        now = row.next_attempt_at

    assert row.sent_at is None
    assert row.next_attempt_at - now <= LONGEST_PAUSE
    assert list(Message.objects.stuck()) == [row]
    queue = admin_client.get(reverse("admin:orders_message_changelist") + "?sent=person").content.decode()
    assert row.to in queue
    assert "550" in row.last_error
    front = admin_client.get(reverse("admin:index")).content.decode()
    assert "E-mails that do not get through" in front
    # The address is right after all.
    assert services.send_due_messages(now=now) == 1
    assert list(Message.objects.stuck()) == []
