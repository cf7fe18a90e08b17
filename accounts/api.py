"""Sign in and accounts, over the API."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.views import APIView

from accounts import services
from accounts.models import User
from shop.api_fields import MomentField, PageQuery, asked, cut_page, page_of, sent
from shop.errors import NotFound

EMAIL_MESSAGES: dict[str, Any] = {
    "required": "Send an e-mail address.",
    "invalid": "Send an e-mail address with an @ and a domain, like maya@example.com.",
}


class CredentialsBody(serializers.Serializer):
    """Who wants to sign in."""

    email = serializers.CharField(max_length=254, error_messages=EMAIL_MESSAGES)
    password = serializers.CharField(max_length=128, trim_whitespace=False)
    code = serializers.CharField(
        max_length=20,
        required=False,
        allow_blank=True,
        default="",
        help_text="Where a second factor is set up: the code of its app, or a recovery code.",
    )


class RefreshBody(serializers.Serializer):
    """A refresh token."""

    refresh = serializers.CharField(max_length=2000)


class TokensDocument(serializers.Serializer):
    """`token` goes into the header of every request: `Authorization: Bearer …`; `refresh` gets both anew, once."""

    status = serializers.CharField(default="success")
    token = serializers.CharField(source="access")
    refresh = serializers.CharField()


class DoneDocument(serializers.Serializer):
    """Nothing more to say."""

    status = serializers.CharField(default="success")


class RegistrationBody(serializers.Serializer):
    """A new account."""

    email = serializers.EmailField(max_length=254, error_messages=EMAIL_MESSAGES)
    password = serializers.CharField(max_length=128, trim_whitespace=False)
    name = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")


class UserChangesBody(serializers.Serializer):
    """What changes; what is not sent stays. A new e-mail or password needs `current_password`."""

    email = serializers.EmailField(max_length=254, required=False, error_messages=EMAIL_MESSAGES)
    password = serializers.CharField(max_length=128, required=False, trim_whitespace=False)
    name = serializers.CharField(max_length=120, required=False, allow_blank=True)
    current_password = serializers.CharField(max_length=128, required=False, trim_whitespace=False)


class UserDocument(serializers.Serializer):
    """An account."""

    id = serializers.UUIDField()
    email = serializers.EmailField()
    name = serializers.CharField()
    is_staff = serializers.BooleanField()
    is_active = serializers.BooleanField()
    date_joined = MomentField()


class OpenToStrangers(APIView):
    """Whoever comes here has no token, or not a good one any more. Slowed down by address."""

    authentication_classes: Any = []
    permission_classes = [AllowAny]
    throttle_classes = [ScopedRateThrottle]
    throttle_scope = "auth"


class Auth(OpenToStrangers):
    """Sign in."""

    @extend_schema(
        operation_id="sign_in", tags=["accounts"], summary="Sign in", request=CredentialsBody, responses=TokensDocument
    )
    def post(self, request: Request) -> Response:
        tokens = services.sign_in(request=request._request, **sent(CredentialsBody, request))
        return Response(TokensDocument({"status": "success", "access": tokens.access, "refresh": tokens.refresh}).data)


class Refresh(OpenToStrangers):
    """New tokens for a refresh token."""

    @extend_schema(
        operation_id="refresh_tokens",
        tags=["accounts"],
        summary="Get new tokens for a refresh token, which works once",
        request=RefreshBody,
        responses=TokensDocument,
    )
    def post(self, request: Request) -> Response:
        tokens = services.refresh_tokens(**sent(RefreshBody, request))
        return Response(TokensDocument({"status": "success", "access": tokens.access, "refresh": tokens.refresh}).data)


class Revoke(OpenToStrangers):
    """Sign out."""

    @extend_schema(
        operation_id="revoke_token",
        tags=["accounts"],
        summary="Sign out: make a refresh token worthless",
        request=RefreshBody,
        responses=DoneDocument,
    )
    def post(self, request: Request) -> Response:
        services.revoke_token(**sent(RefreshBody, request))
        return Response(DoneDocument({"status": "success"}).data)


class Users(APIView):
    """Accounts: register (open to strangers), and the list of those that the caller may see."""

    def get_permissions(self) -> list[Any]:
        return [AllowAny()] if self.request.method == "POST" else [IsAuthenticated()]

    def get_throttles(self) -> list[Any]:
        return [ScopedRateThrottle()] if self.request.method == "POST" else []

    throttle_scope = "auth"

    @extend_schema(
        operation_id="list_users",
        tags=["accounts"],
        summary="List accounts: staff see all, anybody else only their own",
        parameters=[PageQuery],
        responses=page_of(UserDocument),
    )
    def get(self, request: Request) -> Response:
        users = User.objects.order_by("date_joined", "pk")
        if not request.user.is_staff:
            users = users.filter(email=request.user.get_username())
        rows, numbers = cut_page(users, **asked(PageQuery, request))
        return Response({"items": UserDocument(rows, many=True).data, **numbers})

    @extend_schema(
        operation_id="register",
        tags=["accounts"],
        summary="Open an account",
        request=RegistrationBody,
        responses={201: UserDocument},
        auth=[],
    )
    def post(self, request: Request) -> Response:
        user = services.register(**sent(RegistrationBody, request))
        return Response(UserDocument(user).data, status=201)


class UserDetail(APIView):
    """One account, for its owner and for staff. To anybody else it does not exist."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="get_user", tags=["accounts"], summary="Show an account", responses=UserDocument)
    def get(self, request: Request, user_id: UUID) -> Response:
        return Response(UserDocument(_visible_user(request, user_id)).data)

    @extend_schema(
        operation_id="update_user",
        tags=["accounts"],
        summary="Change name, e-mail or password",
        request=UserChangesBody,
        responses=UserDocument,
    )
    def patch(self, request: Request, user_id: UUID) -> Response:
        user = _changeable_user(request, user_id)
        changes = sent(UserChangesBody, request)
        current_password = changes.pop("current_password", None)
        user = services.update_user(user_id=user.pk, changes=changes, current_password=current_password)
        return Response(UserDocument(user).data)

    @extend_schema(
        operation_id="deactivate_user",
        tags=["accounts"],
        summary="Close an account; its orders stay",
        responses={204: OpenApiResponse(description="Closed: nobody signs in to it any more.")},
    )
    def delete(self, request: Request, user_id: UUID) -> Response:
        services.deactivate_user(user_id=_changeable_user(request, user_id).pk)
        return Response(status=204)


def _visible_user(request: Request, user_id: UUID) -> User:
    """:raises NotFound: if there is none, or it is somebody else's and the caller is not staff"""
    user = User.objects.filter(pk=user_id).first()
    if user is None or not (user == request.user or request.user.is_staff):
        raise NotFound()
    return user


def _changeable_user(request: Request, user_id: UUID) -> User:
    """:raises PermissionDenied: if staff may look at this account and not change it"""
    user = _visible_user(request, user_id)
    if user != request.user and not services.may_manage(actor=request.user, user=user):
        raise PermissionDenied("You may look at this account, and not change it.")
    return user
