"""What the drill refuses to be called with."""

import pytest

from tests.drill.options import BadOption, read_options

REMOTE = {"BASE_URL": "http://shop.example", "DRILL_STAFF_EMAIL": "a@b.example", "DRILL_STAFF_PASSWORD": "x"}


def test_nothing_set_is_the_usual_drill() -> None:
    options = read_options({"SHOPPERS": "", "BASE_URL": ""})

    assert (options.shoppers, options.stock, options.is_private) == (500, 100, True)


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"SHOPPERS": "abc"}, "SHOPPERS=abc is not a whole number. Set SHOPPERS to a number from 3 to 5000."),
        ({"SHOPPERS": "-5"}, "SHOPPERS=-5 is out of range. Set SHOPPERS to a number from 3 to 5000."),
        ({"STOCK": "0"}, "STOCK=0 is out of range. Set STOCK to a number from 1 to 5000."),
        (
            {"SHOPPERS": "10", "STOCK": "11"},
            "STOCK=11 is more than SHOPPERS=10: nothing would sell out. Set STOCK to at most 10, or raise SHOPPERS.",
        ),
        ({"BOTS": "0.1"}, "BOTS come to a waiting room. Add ROOM=1, or leave BOTS out."),
        ({"BOTS": "7", "ROOM": "1"}, "BOTS=7 is no share. Set BOTS to a number from 0 to 0.5."),
        ({"DURATION": "9999"}, "DURATION=9999 is out of range. Set DURATION to a number from 60 to 480."),
        ({"BASE_URL": "shop"}, "BASE_URL=shop is not an address. Write it as BASE_URL=http://127.0.0.1:8000."),
        (
            REMOTE,
            "BASE_URL=http://shop.example is another machine, and a drill is heavy traffic. "
            "Add ALLOW_REMOTE=1 if that shop is yours and may be drilled.",
        ),
        (
            {"BASE_URL": "http://127.0.0.1:8000"},
            "BASE_URL needs a member of staff who sets the stock and reads the ledger. "
            "Set DRILL_STAFF_EMAIL and DRILL_STAFF_PASSWORD.",
        ),
        (
            REMOTE | {"ALLOW_REMOTE": "1"},
            "BASE_URL needs something to sell out. Set SKU to one that the catalogue of that shop shows.",
        ),
    ],
)
def test_bad_option_is_refused_with_its_name_and_the_repair(environ: dict[str, str], sentence: str) -> None:
    with pytest.raises(BadOption) as refusal:
        read_options(environ)

    assert str(refusal.value) == sentence


def test_remote_shop_may_be_drilled_when_it_is_said_so() -> None:
    assert read_options(REMOTE | {"ALLOW_REMOTE": "1", "SKU": "RUSH"}).base_url == "http://shop.example"
