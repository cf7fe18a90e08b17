"""docs/api.md names every code with which the API can refuse."""

from pathlib import Path

from django.conf import settings

from shop.errors import ShopError

# Bases, which nobody raises.
NEVER_RAISED = {"refused", "coupon_refused"}


def every_code(error: type[ShopError]) -> set[str]:
    return {error.code}.union(*map(every_code, error.__subclasses__()))


def test_every_code_stands_in_the_documentation() -> None:
    text = (Path(settings.BASE_DIR) / "docs" / "api.md").read_text()

    assert sorted(code for code in every_code(ShopError) - NEVER_RAISED if f"`{code}`" not in text) == []
