"""ShopError: the base of every refusal. A door turns it into a message or a problem document."""

from typing import Any, ClassVar

from django.utils.translation import gettext


class ShopError(Exception):
    """A request that the shop understands and refuses, in words for a customer.

    `code` is stable and for programs, `status` is the HTTP status, `facts` are the values behind the words (an API
    answers them beside the sentence), and `field` names the input to repair, where there is one. Title and sentence are
    written in English and said in the language that is active when it is raised.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "That did not work"
    detail_format: ClassVar[str] = "Check what you sent and try again."
    field: ClassVar[str | None] = None
    retry_after_seconds: ClassVar[int | None] = None

    def __init__(self, **facts: Any) -> None:
        super().__init__(f"{self.code} {facts}" if facts else self.code)
        self.facts = facts
        self.title = gettext(type(self).title)  # type: ignore[misc]

    @property
    def detail(self) -> str:
        """One or two sentences: what happened, what it means, what can be done."""
        return gettext(self.detail_format).format(**self.facts)


class InvalidInput(ShopError):
    """A value that cannot be used. Facts: `field`, `problem` (a sentence that says the repair)."""

    code = "invalid"
    status = 422
    title = "Check what you entered"
    detail_format = "{problem}"

    def __init__(self, *, field: str, problem: str, **facts: Any) -> None:
        super().__init__(field=field, problem=problem, **facts)
        self.field = field  # type: ignore[misc]


class NotFound(ShopError):
    """Nothing there, or nothing that this caller may see: the two are never told apart."""

    code = "not_found"
    status = 404
    title = "Not found"
    detail_format = "There is nothing at this address. Check it, or start from the home page."


class Busy(ShopError):
    """The database could not grant a lock in time. Nothing was changed; the same request may be sent again."""

    code = "busy"
    status = 503
    title = "Very busy right now"
    detail_format = "Many people are buying this at the same moment. Nothing was changed. Try again in a few seconds."
    retry_after_seconds = 2
