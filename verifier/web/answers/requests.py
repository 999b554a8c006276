"""Answers about the request itself: its form, who sends it, how often."""

from collections.abc import Mapping
from typing import Final

from verifier.web.answers.answer import N_, Answer

REQUESTS: Final[Mapping[str, Answer]] = {
    "malformed_json": Answer(
        status=400,
        title=N_("This is not JSON that we can read"),
        detail=N_("The body must be one JSON object in UTF-8, with each name once and no NaN or Infinity."),
        next_step=N_("Check the body and the Content-Type, which must be application/json."),
    ),
    "unknown_field": Answer(
        status=422,
        title=N_("There is a field that we do not know"),
        detail=N_("The body holds a name that this call does not have. Nothing was done."),
        next_step=N_("Remove it. The reference of the API names the fields of each call."),
    ),
    "invalid_field": Answer(
        status=422,
        title=N_("A field is missing or not valid"),
        detail=N_("A value is missing, of the wrong type, or outside its bounds. Nothing was done."),
        limit=N_("It is the field at {pointer}."),
        next_step=N_("Correct it. The reference of the API says what each field takes."),
    ),
    "invalid_cursor": Answer(
        status=400,
        title=N_("This cursor cannot be used"),
        detail=N_("A cursor is taken unchanged from the answer before it, and used with the same filters."),
        next_step=N_("Begin again without a cursor."),
    ),
    "too_large": Answer(
        status=413,
        title=N_("The body is too large"),
        detail=N_("This call takes less than was sent. Nothing was done."),
        limit=N_("The limit is {limit_bytes}."),
        next_step=N_("Send less. Documents have a call of their own."),
    ),
    "invalid_idempotency_key": Answer(
        status=400,
        title=N_("The Idempotency-Key cannot be used"),
        detail=N_("It has 1 to 255 printable ASCII characters."),
        next_step=N_("Send a random UUID, a new one for each thing that you create."),
    ),
    "idempotency_key_reused": Answer(
        status=422,
        title=N_("This Idempotency-Key was used for something else"),
        detail=N_("The same key came with another body within the last 24 hours. Nothing was done."),
        next_step=N_("Use a new key for a new request, and the same key only to repeat the same request."),
    ),
    "not_found": Answer(
        status=404,
        title=N_("There is nothing here"),
        detail=N_("No page and no call has this address."),
        next_step=N_("Check the address."),
    ),
    "method_not_allowed": Answer(
        status=405,
        title=N_("Not in this way"),
        detail=N_("The address exists, but does not take this method."),
        next_step=N_("See the Allow header for the methods that it takes."),
    ),
    "bad_request": Answer(
        status=400,
        title=N_("We cannot take this request"),
        detail=N_("The request is not one that this address understands. Nothing was done."),
        next_step=N_("Check it against the reference of the API."),
    ),
    "sign_in_needed": Answer(
        status=401,
        title=N_("Please sign in"),
        detail=N_("This needs a signed-in person or a valid API key, and there is none, or it has ended."),
        next_step=N_(
            "Open a new sign-in address, which verifier staff invite prints. At the API, send Authorization: Bearer "
            "with a key that is neither expired nor revoked."
        ),
    ),
    "forbidden": Answer(
        status=403,
        title=N_("You may not do this"),
        detail=N_("Your role, or the scopes of the API key, do not include this."),
        next_step=N_("Ask whoever runs this service for the role or the scope that it takes."),
    ),
    "invalid_form_token": Answer(
        status=403,
        title=N_("This form is out of date"),
        detail=N_("The form was not made for this session, or did not come from this site. Nothing was done."),
        next_step=N_("Go back, reload the page, and send the form again."),
    ),
    "unknown_invite": Answer(
        status=410,
        title=N_("This sign-in address does not work"),
        detail=N_("There is no such address, or its 15 minutes are over, or a newer one replaced it."),
        next_step=N_("Ask whoever runs this service for a new one: verifier staff invite prints it."),
    ),
    "invite_used": Answer(
        status=410,
        title=N_("This sign-in address was used already"),
        detail=N_("Each works once. If it was not you who used it, tell whoever runs this service now."),
        next_step=N_("Ask for a new one: verifier staff invite prints it."),
    ),
    "unknown_api_key": Answer(
        status=404,
        title=N_("There is no such API key"),
        detail=N_("No API key has that id."),
        next_step=N_("See the ids with verifier api-keys list."),
    ),
    "invalid_staff": Answer(
        status=422,
        title=N_("This person cannot be invited"),
        detail=N_("A person needs a name of 1 to 60 printable characters and at least one role."),
        next_step=N_("Give a name and at least one of the roles."),
    ),
    "invalid_api_key": Answer(
        status=422,
        title=N_("This API key cannot be made"),
        detail=N_("It needs a label of 1 to 60 printable characters, scopes that its role may have, and an end."),
        next_step=N_("Give a label, the role, scopes of that role, and an end at most a year ahead."),
    ),
    "too_many_requests": Answer(
        status=429,
        title=N_("Too many requests"),
        detail=N_("There were more requests in a short time than we take."),
        next_step=N_("Wait for as long as Retry-After says, then try again."),
        retry_after=60,
    ),
}
