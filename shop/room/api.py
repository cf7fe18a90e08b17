"""The waiting room, for programs: take a place, ask where one stands, come in with a pass, check the draw."""

from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.authentication import JWTAuthentication

from shop.api_fields import MomentField
from shop.callers import address_of
from shop.errors import NotFound
from shop.room import places, services
from shop.room.draw import ticket_of
from shop.room.errors import RoomTicketNeeded
from shop.room.models import Room
from shop.room.names import TICKET_HEADER
from shop.room.stores.base import Facts

SHORTEST_INTENT, LONGEST_INTENT = 16, 100

TICKET_PARAMETER = OpenApiParameter(
    name=TICKET_HEADER,
    type=OpenApiTypes.STR,
    location=OpenApiParameter.HEADER,
    description="The place, as `ticket` of the last answer: it may change when lots are drawn.",
)
INTENT_PARAMETER = OpenApiParameter(
    name="Idempotency-Key",
    type=OpenApiTypes.STR,
    location=OpenApiParameter.HEADER,
    description="One key per intent, 16 to 100 characters: the same key gets the same place.",
)


class PlaceDocument(serializers.Serializer):
    """Where one stands. Ask again after `ask_again_seconds` (also `Retry-After`); asking more often changes nothing."""

    standing = serializers.ChoiceField(choices=[each.value for each in places.Standing])
    number = serializers.IntegerField(help_text="0: not drawn yet.")
    before = serializers.IntegerField(help_text="People in front: exact up to 100, rounded to ten beyond.")
    is_exact = serializers.BooleanField()
    estimate_seconds = serializers.IntegerField(
        source="seconds", allow_null=True, help_text="At the pace of the last minute; null: nothing to go by yet."
    )
    pace_per_minute = serializers.IntegerField(allow_null=True)
    kept_until = MomentField(allow_null=True)
    is_stopped = serializers.BooleanField(help_text="Nobody is let in at the moment; all keep their places.")
    waiting = serializers.IntegerField()
    ask_again_seconds = serializers.IntegerField()
    ticket = serializers.SerializerMethodField(help_text="Send it as Room-Ticket from now on.")

    def get_ticket(self, place: places.Place) -> str:
        token: str = self.context.get("ticket", "")
        return token


class RoomDocument(serializers.Serializer):
    """A waiting room."""

    key = serializers.CharField()
    name = serializers.CharField()
    address = serializers.CharField(help_text="The page of the sale.")
    opens_at = MomentField()
    doors_at = MomentField(help_text="When one may begin to wait.")
    ends_at = MomentField(allow_null=True)
    is_stopped = serializers.BooleanField()
    waiting = serializers.SerializerMethodField()

    def get_waiting(self, facts: Facts) -> int:
        waiting: int = self.context["waiting"]
        return waiting


class PassDocument(serializers.Serializer):
    """The right to hold things of this sale until `expires_at`, for one cart."""

    room_pass = serializers.CharField(help_text="Send it as Room-Pass with what holds units.")
    expires_at = MomentField()


class DrawDocument(serializers.Serializer):
    """What everybody can check: SHA-256 of the secret, and after the draw the secret and the order.

    The order is that of HMAC-SHA256(secret, ticket), the smallest first.
    """

    commitment = serializers.CharField()
    drawn_at = MomentField(allow_null=True)
    secret = serializers.CharField(allow_null=True)
    tickets = serializers.ListField(child=serializers.CharField())


class RoomDetail(APIView):
    """One waiting room."""

    authentication_classes: Any = []
    permission_classes: Any = [AllowAny]

    @extend_schema(operation_id="get_room", tags=["rooms"], summary="Show a waiting room", responses=RoomDocument)
    def get(self, request: Request, key: str) -> Response:
        now = timezone.now()
        reading = services.reading_of(key, now=now)
        waiting = places.place_outside(reading, now=now).waiting
        return Response(RoomDocument(reading.facts, context={"waiting": waiting}).data)


class PlaceView(APIView):
    """The caller's place. A JWT is read when it is taken, and not with every look: that would be a query."""

    permission_classes: Any = [AllowAny]

    def get_authenticators(self) -> list[Any]:
        return [JWTAuthentication()] if self.request and self.request.method == "POST" else []

    @extend_schema(
        operation_id="get_place",
        tags=["rooms"],
        summary="Ask where one stands",
        parameters=[TICKET_PARAMETER],
        responses=PlaceDocument,
        auth=[],
    )
    def get(self, request: Request, key: str) -> Response:
        ticket, place = services.look(key=key, token=request.headers.get(TICKET_HEADER), now=timezone.now())
        if ticket is None:
            raise RoomTicketNeeded(room=key)
        return _place(place, ticket=ticket.signed())

    @extend_schema(
        operation_id="take_place",
        tags=["rooms"],
        summary="Take a place: a lot before the opening, the end of the line after it",
        parameters=[INTENT_PARAMETER],
        request=None,
        responses={201: PlaceDocument},
    )
    def post(self, request: Request, key: str) -> Response:
        member = str(request.user.pk) if request.user.is_authenticated else ""
        ticket, place = services.take_place(
            key=key, address=address_of(request), member=member, intent=_intent(request), now=timezone.now()
        )
        return _place(place, ticket=ticket.signed(), status=201)

    @extend_schema(
        operation_id="leave_room",
        tags=["rooms"],
        summary="Give the place up",
        parameters=[TICKET_PARAMETER],
        responses={204: None},
        auth=[],
    )
    def delete(self, request: Request, key: str) -> Response:
        services.leave(key=key, token=request.headers.get(TICKET_HEADER), now=timezone.now())
        return Response(status=204)


class PassView(APIView):
    """The door."""

    authentication_classes: Any = [JWTAuthentication]
    permission_classes: Any = [AllowAny]

    @extend_schema(
        operation_id="come_in",
        tags=["rooms"],
        summary="Come in when it is one's turn",
        description="Asked again it answers the same pass. A member's pass works with that member's JWT alone.",
        parameters=[TICKET_PARAMETER],
        request=None,
        responses={201: PassDocument},
    )
    def post(self, request: Request, key: str) -> Response:
        user_id = request.user.pk if request.user.is_authenticated else None
        token = request.headers.get(TICKET_HEADER)
        given = services.come_in(key=key, token=token, user_id=user_id, now=timezone.now())
        document = {"room_pass": given.signed(), "expires_at": given.expires_at}
        return Response(PassDocument(document).data, status=201)


class DrawView(APIView):
    """The proof that the draw was fair."""

    authentication_classes: Any = []
    permission_classes: Any = [AllowAny]

    @extend_schema(operation_id="check_draw", tags=["rooms"], summary="Check the draw", responses=DrawDocument)
    def get(self, request: Request, key: str) -> Response:
        room = Room.objects.filter(key=key).first()
        if room is None:
            raise NotFound()
        document = {
            "commitment": room.commitment,
            "drawn_at": room.drawn_at,
            "secret": room.secret if room.drawn_at else None,
            "tickets": [ticket_of(lot) for lot in room.lots.splitlines()],
        }
        return Response(DrawDocument(document).data)


def _place(place: places.Place, *, ticket: str, status: int = 200) -> Response:
    headers = {"Retry-After": str(place.ask_again_seconds)}
    return Response(PlaceDocument(place, context={"ticket": ticket}).data, status=status, headers=headers)


def _intent(request: Request) -> str:
    """What the client calls this wish. One that somebody else may think of is none: their place would be shared."""
    intent = request.headers.get("Idempotency-Key", "")
    return intent if SHORTEST_INTENT <= len(intent) <= LONGEST_INTENT else ""
