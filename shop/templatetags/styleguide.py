"""`{% load styleguide %}`: draws an example of the gallery."""

from django import template
from django.template.loader import get_template
from django.utils.safestring import SafeString

from shop.styleguide.examples import Component, Example

register = template.Library()


@register.simple_tag(takes_context=True)
def draw(context: template.Context, component: Component, example: Example) -> SafeString:
    """The component's own template, with what the example gives it and what every page has."""
    given = {name: context.get(name) for name in ("icons", "csrf_token", "request")}
    drawn = get_template(component.template).render({**given, **example.context}, context["request"])
    return SafeString(drawn)
