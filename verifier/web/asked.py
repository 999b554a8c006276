"""Which page is due while something is asked of the customer."""

from verifier.web.check_views import check_page
from verifier.web.customer_views import CustomerReading
from verifier.web.pages.common import FieldError, View
from verifier.web.step_views import (
    find_document_of,
    find_only_check,
    is_listed,
    no_way_page,
    steps_page,
    task_page,
)


def asked_page(reading: CustomerReading, *, form_token: str, errors: tuple[FieldError, ...] = ()) -> View:
    """The list of steps, or the only step itself; after an error at a document, its page."""
    if reading.line is None:
        return no_way_page(reading, errors=errors)
    only = find_only_check(reading)
    if only is not None:
        return check_page(reading, only, form_token=form_token, errors=errors)
    if not is_listed(reading):
        return task_page(reading, form_token=form_token, errors=errors)
    wrong = next((found for error in errors if (found := find_document_of(error.field, reading))), None)
    if wrong is not None:
        return task_page(reading, form_token=form_token, document=wrong, errors=errors)
    return steps_page(reading, form_token=form_token, errors=errors)
