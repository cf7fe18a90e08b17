"""Reading forms as a browser does."""

from tests.drill.traffic import find_form

PAGE = """
<form action="/search/"><input name="q" value=""></form>
<form action="/cart/add/" method="post">
  <input type="hidden" name="csrfmiddlewaretoken" value="abc"><input name="quantity" value="1">
  <input type="radio" name="variant" value="one"><input type="radio" name="variant" value="two" checked>
  <button name="choice" value="pay">Pay</button>
</form>
<input name="outside" value="x">
"""


def test_find_form_gives_what_is_filled_in_and_what_can_be_chosen() -> None:
    form = find_form(PAGE, field_name="variant")

    assert form is not None
    assert form.action == "/cart/add/"
    assert form.fields == {"csrfmiddlewaretoken": "abc", "quantity": "1", "variant": "two"}
    assert form.choices == {"variant": ["one", "two"], "choice": ["pay"]}


def test_find_form_without_such_a_field_finds_nothing() -> None:
    assert find_form(PAGE, field_name="outside") is None
