"""The provider's hosted payment page and its small API."""

import hmac
import json
from datetime import datetime
from typing import Any
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from kombu.exceptions import KombuError

from orders.sandbox import provider
from orders.sandbox.books import read_books
from orders.sandbox.models import RefundState
from orders.sandbox.trouble import answer_with_trouble


class SeeOther(HttpResponseRedirect):
    """The answer to a form that did something: the browser goes on with a GET."""

    status_code = 303


@csrf_exempt  # The signed link is what protects this form: nobody but the shop can mint one.
@require_http_methods(["GET", "POST"])
def pay(request: HttpRequest) -> HttpResponse:
    """Show what is to be paid; take the shopper's choice and send them back to the shop."""
    now = timezone.now()
    signed = request.POST.get("request") or request.GET.get("request", "")
    try:
        payment = provider.open_payment(request=signed, now=now)
        if request.method == "POST":
            provider.choose(payment=payment, choice=request.POST.get("choice", ""), now=now)
            _wake_the_worker()
            return SeeOther(payment.return_url)
    except provider.PaymentRefused as refusal:
        return render(request, "sandbox/refused.html", {"refusal": refusal}, status=422)
    context = {"payment": payment, "request_token": signed, "is_over": now >= payment.expires_at}
    return render(request, "sandbox/pay.html", context)


@csrf_exempt
@require_POST
def refunds(request: HttpRequest) -> HttpResponseBase:
    """POST {key, payment, amount, currency} with the merchant's key as bearer token."""
    if not _is_merchant(request):
        return _not_the_merchant()
    now = timezone.now()
    try:
        asked = _read_refund(request.body)
    except provider.PaymentRefused as refusal:
        return JsonResponse({"error": str(refusal)}, status=422)
    call = provider.count_call(pk=asked["payment_id"])
    return answer_with_trouble(lambda: _refund(asked, now=now), call=call, now=now)


@require_GET
def payment_events(request: HttpRequest, merchant_reference: str) -> HttpResponseBase:
    """GET {events: […]} of a payment, each as in its webhook, with the merchant's key as bearer token."""
    if not _is_merchant(request):
        return _not_the_merchant()
    now = timezone.now()
    call = provider.count_call(merchant_reference=merchant_reference)
    return answer_with_trouble(lambda: _events(merchant_reference, now=now), call=call, now=now)


@require_GET
def books(request: HttpRequest) -> JsonResponse:
    """GET all that was taken and sent back, and what went wrong on purpose, with the merchant's key as bearer token."""
    if not _is_merchant(request):
        return _not_the_merchant()
    return JsonResponse(read_books(now=timezone.now()))


def _refund(asked: dict[str, Any], *, now: datetime) -> JsonResponse:
    try:
        refund = provider.refund(now=now, **asked)
    except provider.PaymentRefused as refusal:
        return JsonResponse({"error": str(refusal)}, status=422)
    state = refund.state(now=now)
    if state == RefundState.OPEN:
        return JsonResponse({"error": "The bank did not answer. Ask again with the same key."}, status=503)
    return JsonResponse({"id": str(refund.pk), "status": state, "amount": refund.amount})


def _events(merchant_reference: str, *, now: datetime) -> JsonResponse:
    try:
        events = provider.reported_events(merchant_reference=merchant_reference, now=now)
    except provider.PaymentUnknown as refusal:
        return JsonResponse({"error": str(refusal)}, status=404)
    return JsonResponse({"events": events})


def _is_merchant(request: HttpRequest) -> bool:
    sent = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return hmac.compare_digest(sent.encode(), settings.SANDBOX_SIGNING_KEY.encode())


def _not_the_merchant() -> JsonResponse:
    return JsonResponse({"error": "Send the shared key as a bearer token."}, status=401)


def _read_refund(body: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(body)
        return {
            "key": str(asked["key"]),
            "payment_id": str(UUID(asked["payment"])),
            "amount": int(asked["amount"]),
            "currency": str(asked["currency"]),
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise provider.PaymentRefused(
            f"Send key, payment, amount and currency; {error} is missing or wrong."
        ) from error


def _wake_the_worker() -> None:
    try:
        current_app.send_task("orders.sandbox.tasks.deliver_due_webhooks", ignore_result=True)
    except (KombuError, OSError):
        # The next beat tick delivers it, a second later.
        return
