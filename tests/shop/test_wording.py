"""The words of the shop: what no catalogue can translate is found, and the catalogue is complete."""

import pytest
from django.core.management import call_command
from django.template import Engine
from django.utils import translation

from orders.services import CartEmpty
from shop.wording import plain_words_in, plain_words_of, words_of

REFUSAL = """
class Closed(ShopError):
    title = "Closed"

    @property
    def detail(self) -> str:
        return f"It opens at {self.facts['time']}."


def refuse() -> None:
    raise InvalidInput(field="name", problem="Enter a name.")
"""


def template(source: str):
    return Engine.get_default().from_string(source)


def test_every_word_can_be_translated_and_is():
    call_command("translations", "--check")


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("<h1>Nothing here yet</h1>", "Nothing here yet"),
        ('<input placeholder="Search the shop">', "Search the shop"),
        ("{% if line %}<p>It is held.</p>{% endif %}", "It is held."),
        ('{% include "components/_notice.html" with title="Sold out" only %}', 'title="Sold out"'),
    ],
)
def test_a_plain_word_in_a_template_is_found(source, found):
    assert list(plain_words_of(template(source))) == [found]


@pytest.mark.parametrize(
    "source",
    [
        '<h1>{% translate "Nothing here yet" %}</h1>',
        "<p>{% blocktranslate with name=product.name %}{{ name }} is held.{% endblocktranslate %}</p>",
        '{% include "components/_notice.html" with title=_("Sold out") only %}',
        '<p class="muted small" id="hold">{{ total }} · Tahan</p>',
    ],
)
def test_what_is_looked_up_is_not_plain(source):
    assert list(plain_words_of(template(source))) == []


def test_both_forms_of_a_plural_are_collected():
    counted = template("{% blocktranslate count n=n %}{{ n }} item{% plural %}{{ n }} items{% endblocktranslate %}")

    assert list(words_of(counted)) == [("%(n)s item", "%(n)s items")]


def test_plain_words_in_a_module_are_found(tmp_path):
    module = tmp_path / "refusals.py"
    module.write_text(REFUSAL)

    assert sorted(plain_words_in(module)) == ["Enter a name.", "f\"It opens at {self.facts['time']}.\""]


def test_a_refusal_speaks_the_language_in_which_it_is_raised():
    with translation.override("id"):
        refusal = CartEmpty()
        assert (refusal.title, refusal.detail) == ("Masih kosong", "Masukkan sesuatu ke keranjang dahulu.")

    assert CartEmpty().title == "Nothing here yet"
