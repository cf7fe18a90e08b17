"""A button that creates something: its form carries a key, minted with the page, and two presses are one intent."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID, uuid4

from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from orders import services
from orders.services import Answer

# What a form carries beside what was typed: of two presses of one page it may differ.
NOT_THE_INTENT = {"csrfmiddlewaretoken", "key", "seen"}


def posted_key(request: HttpRequest) -> UUID:
    """The key of the form; a new one where there is none or it is garbled: then the press stands for itself."""
    try:
        return UUID(request.POST.get("key", ""))
    except ValueError:
        return uuid4()


def intent_of(request: HttpRequest, *, verb: str, key: str) -> str:
    """What tells this press from every other one: the work, the key of the page, and what stands in the form."""
    fields = {name: values for name, values in sorted(request.POST.lists()) if name not in NOT_THE_INTENT}
    return salted_hmac("orders.press", f"{verb}:{key}:{fields}", algorithm="sha256").hexdigest()


def once_for_press(
    request: HttpRequest, *, verb: str, key: UUID, now: datetime, produce: Callable[[], Answer]
) -> Answer:
    """Do the work once for each press that was meant: a double click, a retry or the back button do nothing more.

    `verb` names the work and what it is done to. A second press waits for the first one and gets its answer; Back, and
    something else typed, is another intent. A guest's key, which nobody else can think of, stands for itself: the first
    press may be what makes the browser known.

    :raises KeyInUse: if the first press still runs after a lock wait.
    """
    return services.once(
        scope=f"user:{request.user.pk}" if request.user.is_authenticated else "guest",
        key=intent_of(request, verb=verb, key=key.hex),
        fingerprint="page",
        now=now,
        produce=produce,
        waits=True,
    )
