"""The code that lets a shopper into a drop early, from a page or the API: one count of wrong ones for both."""

from datetime import datetime

from django.http import HttpRequest

from orders import services
from orders.tries import Tries, caller_of
from shop.errors import ShopError
from shop.models import Drop

TRIES = Tries(name="drop-code", limit=10, seconds=600)


class TooManyCodes(ShopError):
    """Somebody guesses."""

    code = "too_many_tries"
    status = 429
    title = "Too many tries"
    detail_format = "Wait ten minutes, then enter the code again. Nobody else uses up your tries."
    retry_after_seconds = TRIES.seconds


def enter_code(*, request: HttpRequest, code: str, now: datetime, slug: str | None = None) -> list[Drop]:
    """The drops that this code opens early; with a `slug`, that one alone. Only wrong codes are counted.

    :raises TooManyCodes: after ten wrong ones in ten minutes from one address: right ones are not told from wrong then.
    :raises WrongCode: if it opens none.
    """
    who = caller_of(request)
    if TRIES.are_used_up(who):
        raise TooManyCodes()
    try:
        return services.enter_code(code=code, now=now, slug=slug)
    except services.WrongCode:
        TRIES.count(who)
        raise
