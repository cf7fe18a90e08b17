"""The scenario that the drill is named after: one unit, three shoppers, one millisecond.

Users 1, 2 and 3 put the last unit into their carts within a millisecond of each other. Exactly one may succeed.
Nobody pays. When the hold's time is over the unit is free, and the next one gets it.
"""

import http.client
import json
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from deploy.processes import StartFailed
from tests.drill.answers import Answer
from tests.drill.laws import Law

GAP_SECONDS = 0.0003
CLOSE_MS = 1.0
TIMEOUT_SECONDS = 30
AFTER_THE_TIMER_SECONDS = 0.05
LONGEST_WAIT_SECONDS = 30

Headers = dict[str, str]


@dataclass(frozen=True, slots=True)
class Opening:
    """What happened: for the report, for the laws, and for the record."""

    sentence: str
    rows: list[dict[str, str]]
    laws: list[Law]
    answers: list[Answer]


@dataclass(frozen=True, slots=True)
class Try:
    """One shopper's request: when it left, after the first one, and what came back."""

    who: str
    sent_after_ms: float
    status: int
    body: dict[str, Any]
    answer: Answer

    @property
    def is_granted(self) -> bool:
        return self.status in (200, 201)


def sign_in(*, base_url: str, emails: list[str], password: str) -> dict[str, Headers]:
    """The shoppers by name, with what each request of theirs carries."""
    return {email: {"Authorization": f"Bearer {_token(base_url, email, password)}"} for email in emails}


def play_opening(*, base_url: str, shoppers: dict[str, Headers], phones: dict[str, str]) -> Opening:
    """Play it. `shoppers` are four by name, the fourth is the next one; `phones` is SKU to product id, one unit each.

    A busy machine may pause the driver between two requests. Then the race is run again for the next phone, until all
    three requests left within a millisecond; the races before it are judged as well. Where a hold is longer than
    LONGEST_WAIT_SECONDS, whoever has the unit puts it back instead of letting the time run out.
    """
    rivals, following = list(shoppers.items())[:3], list(shoppers.items())[3:4]
    races = []
    for sku, product_id in phones.items():
        tries = _ask_together(base_url, rivals, product_id=product_id, sku=sku)
        races.append(tries)
        if _spread_ms(tries) <= CLOSE_MS:
            break
    winner = next((one for one in tries if one.is_granted), tries[0])
    early = _ask_together(base_url, following, product_id=product_id, sku=sku)
    how = _wait_for_the_end(base_url, winner, headers=shoppers[winner.who])
    late = _ask_together(base_url, following, product_id=product_id, sku=sku)
    everything = [*tries, *early, *late]
    before = [one for race in races[:-1] for one in race]
    freed_after = late[0].answer.ended_at - winner.answer.started_at
    return Opening(
        sentence=_sentence(tries, how=how, freed_after=freed_after),
        rows=[_row(one, words) for one, words in zip(everything, _words(everything), strict=True)],
        laws=_laws(races, early[0], late[0], how=how, freed_after=freed_after),
        answers=[one.answer for one in [*before, *everything]],
    )


def _wait_for_the_end(base_url: str, winner: Try, *, headers: Headers) -> str:
    """Until the unit is free again, and in words how it became free."""
    if not winner.is_granted:
        return "nobody had it"
    # An earlier race may have left another phone in the same cart, and that hold ends first.
    line = next(item for item in winner.body["items"] if item["sku"] == winner.answer.sku)
    seconds = datetime.fromisoformat(line["expires_at"]).timestamp() - time.time()
    if seconds > LONGEST_WAIT_SECONDS:
        guest = {"Cart-Token": winner.body["cart_token"]} if winner.body["cart_token"] else {}
        road = _connect(base_url)
        road.request("DELETE", "/api/v1/cart", headers=_JSON | headers | guest)
        road.getresponse().read()
        road.close()
        return "it was put back"
    time.sleep(max(seconds, 0) + AFTER_THE_TIMER_SECONDS)
    return "its time ran out"


def _token(base_url: str, email: str, password: str) -> str:
    line = _connect(base_url)
    line.request("POST", "/api/v1/auth", json.dumps({"email": email, "password": password}), _JSON)
    reply = line.getresponse()
    body = json.loads(reply.read())
    line.close()
    if reply.status != 200:
        raise StartFailed(f"{email} could not sign in: {reply.status} {body}")
    return str(body["token"])


def _ask_together(base_url: str, shoppers: list[tuple[str, Headers]], *, product_id: str, sku: str) -> list[Try]:
    """Send one request each, GAP_SECONDS apart, over connections that stand already; then read the answers.

    One thread does it: three of them would wait for each other's turn in the interpreter for longer than a gap.
    """
    lines = [_connect(base_url) for _ in shoppers]
    body = json.dumps({"product_id": product_id, "qty": 1})
    began = time.perf_counter()
    sent: list[tuple[float, float]] = []
    for position, (line, (_, headers)) in enumerate(zip(lines, shoppers, strict=True)):
        while time.perf_counter() < began + position * GAP_SECONDS:
            pass
        sent.append((time.perf_counter(), time.time()))
        line.request("POST", "/api/v1/cart", body, _JSON | headers)
    tries = []
    for (name, _), line, (ticked, started_at) in zip(shoppers, lines, sent, strict=True):
        reply = line.getresponse()
        document = json.loads(reply.read())
        answer = Answer(
            shopper=name,
            step="add",
            started_at=started_at,
            ended_at=time.time(),
            status=reply.status,
            code=str(document.get("code", "")) if reply.status >= 400 else "",
            sku=sku,
            quantity=1,
        )
        tries.append(Try(name, (ticked - sent[0][0]) * 1000, reply.status, document, answer))
        line.close()
    return tries


_JSON = {"Content-Type": "application/json"}


def _connect(base_url: str) -> http.client.HTTPConnection:
    address = urlsplit(base_url)
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    line = kind(address.hostname or "", address.port, timeout=TIMEOUT_SECONDS)
    line.connect()
    return line


def _is_refusal(one: Try) -> bool:
    return one.status == 422 and one.body.get("title") == "stock unavailable"


def _spread_ms(tries: list[Try]) -> float:
    return max(one.sent_after_ms for one in tries)


def _laws(races: list[list[Try]], early: Try, late: Try, *, how: str, freed_after: float) -> list[Law]:
    won = [sum(one.is_granted for one in race) for race in races]
    refused = [sum(_is_refusal(one) for one in race) for race in races]
    spread = _spread_ms(races[-1])
    return [
        Law(
            "One unit, three shoppers: one has it",
            set(won) == {1} and set(refused) == {2} and _is_refusal(early),
            f"sent within {spread:.2f} ms: {won[-1]} held it, {refused[-1]} were told stock unavailable"
            + (f"; {len(races) - 1} races before it, further apart, ended the same" if len(races) > 1 else ""),
        ),
        Law(
            "Its time over, the next one gets it",
            late.is_granted,
            f"refused before, then {how}: {late.status} after {freed_after:.2f} s",
        ),
    ]


def _sentence(tries: list[Try], *, how: str, freed_after: float) -> str:
    winners = [one.who for one in tries if one.is_granted]
    spread = _spread_ms(tries)
    has_it = f"{winners[0]} got it" if len(winners) == 1 else f"{len(winners)} of them got it"
    return (
        f"Three shoppers asked for the last unit within {spread:.2f} ms. {has_it}. Nobody paid, {how}, and "
        f"after {freed_after:.2f} s the next one had it."
    )


def _words(everything: list[Try]) -> list[str]:
    """In words: what each was told."""
    told = ["held" if one.is_granted else str(one.body.get("title", "")) for one in everything]
    return [*told[:3], f"{told[3]}, a moment later", f"{told[4]}, when it was free again"]


def _row(one: Try, words: str) -> dict[str, str]:
    return {"who": one.who, "sent": f"{one.sent_after_ms:.2f} ms", "status": str(one.status), "words": words}
