"""Reviews: read by staff before anybody else reads them."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone

from orders import services
from orders.models import Review
from shop.redirects import see_other
from shop.staff import ReadOnlyAdmin, told, typed


class RejectForm(forms.Form):
    """Why not."""

    reason = forms.CharField(max_length=300, help_text="The buyer reads it.", widget=forms.Textarea(attrs={"rows": 3}))


@admin.register(Review)
class ReviewAdmin(ReadOnlyAdmin):
    """The queue and what became of it. Nobody changes what a buyer wrote."""

    change_form_template = "admin/orders/review/change_form.html"
    list_display = ["product", "stars", "author", "status", "written_at"]
    list_filter = ["status", "stars", "written_at"]
    list_select_related = ["product"]
    search_fields = ["product__name", "text", "author"]
    search_help_text = "Product, words or author"
    ordering = ["-written_at", "-pk"]
    actions = ["publish"]
    fields = ["product", "stars", "text", "author", "status", "reason", "written_at", "decided_at", "decided_by"]

    def get_urls(self) -> list[URLPattern]:
        own = [("publish", self.publish_view), ("reject", self.reject_view)]
        pages = [
            path(f"<uuid:object_id>/{name}/", self.admin_site.admin_view(view), name=f"orders_review_{name}")
            for name, view in own
        ]
        return [*pages, *super().get_urls()]

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Who may change reviews may decide about them, though nobody edits one."""
        return self.has_staff_permission(request, "change")

    @admin.action(description="Publish", permissions=["act"])
    def publish(self, request: HttpRequest, chosen: QuerySet[Review]) -> None:
        for review_id in list(chosen.values_list("pk", flat=True)):
            self._decide(request, review_id, publish=True)

    def publish_view(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        """One press on the page of the review."""
        if request.method == "POST":
            self._decide(request, object_id, publish=True)
        return see_other(self.address("change", object_id))

    def reject_view(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        """A reason, and then nobody sees it but its buyer."""
        review = self.found(request, str(object_id), permission="change")
        form = RejectForm(typed(request))
        if form.is_valid() and self._decide(request, object_id, publish=False, **form.cleaned_data):
            return see_other(self.address("change", object_id))
        return self.page(
            request,
            "admin/act.html",
            title=f"Reject the review of {review.product}",
            form=form,
            button="Reject it",
            back_url=self.address("change", object_id),
        )

    def _decide(self, request: HttpRequest, review_id: UUID, *, publish: bool, **more: Any) -> bool:
        if not self.has_act_permission(request):
            raise PermissionDenied

        def decide() -> None:
            review = services.decide_review(
                review_id=review_id, publish=publish, actor=str(request.user), now=timezone.now(), **more
            )
            self.log_change(request, review, "Published" if publish else "Rejected")

        return told(request, decide, done="Published." if publish else "Rejected.")
