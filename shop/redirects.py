"""Where a browser goes after a form."""

from django.http import HttpResponseRedirect


def see_other(address: str) -> HttpResponseRedirect:
    """303: read the answer at this address. A reload there repeats nothing."""
    answer = HttpResponseRedirect(address)
    answer.status_code = 303
    return answer
