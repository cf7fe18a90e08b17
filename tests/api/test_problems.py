"""Whatever comes in, the answer is a problem document that says what to repair, and never a traceback."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from inventory.models import StockItem
from tests.api.conftest import API, key
from tests.books import nothing_changes


def _post(client: APIClient, body: bytes, content_type: str = "application/json") -> Any:
    return client.post(f"{API}/cart", data=body, content_type=content_type)


def _is_problem(answer: Any, status: int) -> bool:
    problem = answer.json()
    return (
        (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
        and {"type", "title", "status", "code", "detail"} <= problem.keys()
        and problem["status"] == status
    )


@pytest.mark.parametrize("body", [b"{", b"nonsense", b"\xff\xfe", b'{"qty": NaN}', b'{"qty": ' + b"9" * 5000 + b"}"])
def test_malformed_json_is_400(guest: APIClient, body: bytes) -> None:
    assert _is_problem(_post(guest, body), 400)


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"7", b"null"])
def test_json_that_is_no_object_is_422(guest: APIClient, body: bytes) -> None:
    assert _is_problem(_post(guest, body), 422)


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "nonsense"]
)
def test_wrong_content_type_is_415(guest: APIClient, content_type: str) -> None:
    assert _is_problem(_post(guest, b"product_id=1", content_type), 415)


def test_ten_megabytes_are_413(guest: APIClient) -> None:
    assert _is_problem(_post(guest, b" " * 10 * 1024 * 1024), 413)


def test_half_a_letter_is_422(guest: APIClient) -> None:
    body = b'{"email": "a@b.co", "password": "a-good-password", "name": "\\ud800"}'

    answer = guest.post(f"{API}/users", data=body, content_type="application/json")

    assert _is_problem(answer, 422)
    assert answer.json()["errors"][0]["field"] == "name"


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_wrong_method_is_405(guest: APIClient, method: str) -> None:
    answer = getattr(guest, method)(f"{API}/auth")

    assert _is_problem(answer, 405)
    assert answer["Allow"] == "POST, OPTIONS"


@pytest.mark.parametrize("method", ["get", "post", "put", "delete", "head", "options"])
@pytest.mark.parametrize("address", ["nothing", "nothing/here/", "orders/not-an-id", "", "cart/1/checkout"])
def test_unknown_route_is_404(guest: APIClient, method: str, address: str) -> None:
    answer = getattr(guest, method)(f"{API}/{address}")

    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_unknown_route_does_not_ask_who_you_are(guest: APIClient) -> None:
    guest.credentials(HTTP_AUTHORIZATION="Bearer garbage")

    assert _is_problem(guest.get(f"{API}/nothing"), 404)


def test_other_version_is_404(guest: APIClient) -> None:
    assert _is_problem(guest.post("/api/v2/cart", {}), 404)


def test_browser_that_asks_for_html_gets_a_problem(guest: APIClient) -> None:
    assert _is_problem(guest.get(f"{API}/cart", HTTP_ACCEPT="text/html"), 406)


def test_bug_is_a_problem_without_a_traceback(item: StockItem, caplog: pytest.LogCaptureFixture) -> None:
    client = APIClient(raise_request_exception=False)

    with nothing_changes(), connection.execute_wrapper(_broken):
        answer = client.get(f"{API}/products")

    assert _is_problem(answer, 500)
    assert (answer.json()["code"], b"Traceback" in answer.content, b"on fire" in answer.content) == (
        "internal_error",
        False,
        False,
    )
    assert "on fire" in caplog.text


def test_bug_is_loud_in_tests(guest: APIClient) -> None:
    with connection.execute_wrapper(_broken), pytest.raises(RuntimeError, match="on fire"):
        guest.get(f"{API}/products")


def _broken(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    raise RuntimeError("on fire")


@pytest.mark.parametrize("depth", [33, 500, 900, 2000])
@pytest.mark.parametrize("address", ["auth", "cart", "users", "orders/find"])
def test_json_that_nests_deeply_is_400(guest: APIClient, address: str, depth: int) -> None:
    bodies = [b"[" * depth, b"[" * depth + b"]" * depth, b'{"a":' * depth + b"1" + b"}" * depth]

    answers = [guest.post(f"{API}/{address}", data=body, content_type="application/json", **key()) for body in bodies]

    assert all(_is_problem(answer, 400) for answer in answers)
    assert {answer.json()["code"] for answer in answers} == {"parse_error"}


def test_json_that_nests_as_deep_as_allowed_is_read(guest: APIClient) -> None:
    assert _is_problem(_post(guest, b'{"product_id":' + b"[" * 31 + b"]" * 31 + b"}"), 422)


def test_body_in_chunks_is_411(guest: APIClient) -> None:
    answer = guest.generic("POST", f"{API}/cart", b"", "application/json", HTTP_TRANSFER_ENCODING="chunked")

    assert _is_problem(answer, 411)
    assert (answer.json()["code"], answer["Connection"]) == ("length_required", "close")


@pytest.mark.parametrize(
    ("body", "headers", "code"),
    [(b" " * (1024 * 1024 + 1), {}, "too_large"), (b"", {"HTTP_TRANSFER_ENCODING": "chunked"}, "length_required")],
)
def test_refusal_of_a_body_is_shaped_like_every_other(
    guest: APIClient, body: bytes, headers: dict[str, str], code: str
) -> None:
    problem = guest.generic("POST", f"{API}/cart", body, "application/json", **headers).json()

    assert (problem["type"], problem["code"], problem["errors"], problem["instance"]) == (
        f"tag:tahan.example,2026:{code}",
        code,
        [],
        f"{API}/cart",
    )


@pytest.mark.parametrize(("address", "limit"), [("/cart/", 1024 * 1024), ("/admin/login/", 25 * 1024 * 1024)])
def test_too_large_for_a_page_is_a_page(client: Client, address: str, limit: int) -> None:
    answer = client.generic("POST", address, b"", CONTENT_LENGTH=str(limit + 1))
    part = client.generic("POST", address, b"", CONTENT_LENGTH=str(limit + 1), HTTP_HX_REQUEST="true")
    words = f"Your file or entry is too large: at most {limit // 1024} kB"

    assert [(each.status_code, each["Connection"], words in each.content.decode()) for each in (answer, part)] == [
        (413, "close", True)
    ] * 2
    assert answer["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert (b"</html>" in answer.content, b"</html>" in part.content) == (True, False)
