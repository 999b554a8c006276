"""Turns a customer's reading into the pages of their way: its list of steps, the other ways, and what holds for all."""

from typing import Final

from policies.ask import Evidence, is_contact_only
from policies.parts import ContactRequirement, DetailsRequirement, DocumentRequirement, ProofLine
from verifier.contacts.life import CheckState
from verifier.contacts.reading import CheckStatus
from verifier.proofs.details import DETAIL
from verifier.web.customer_views import CustomerReading
from verifier.web.pages.common import FieldError, slot_anchor
from verifier.web.pages.customer import SlotCard, SlotState, TaskPage
from verifier.web.pages.facts import Facts
from verifier.web.pages.language import translator
from verifier.web.pages.questions import Question
from verifier.web.pages.steps import NoWayPage, Step, StepsPage, StepState, WayChoice, WaysPage
from verifier.web.proof_words import hint_line, say_closed, say_lapsed, title_check, title_line

_UNDER_WAY: Final = frozenset({SlotState.RECEIVING, SlotState.CHECKING})


def find_only_check(reading: CustomerReading) -> ContactRequirement | None:
    """The check that is the whole way, where it is."""
    only = reading.requirements[0] if len(reading.requirements) == 1 else None
    return only if isinstance(only, ContactRequirement) else None


def is_listed(reading: CustomerReading) -> bool:
    """Whether the way has steps of more than one kind, so that a list of them comes first."""
    checks = sum(isinstance(each, ContactRequirement) for each in reading.requirements)
    kinds = {type(each) for each in reading.requirements}
    return len(kinds) > 1 or checks > 1


def tell_facts(reading: CustomerReading) -> Facts:
    """What holds for the whole of the way."""
    policy, lines = reading.policy, reading.offers.lines
    return Facts(
        reviewers=0 if is_decided_alone(reading) else policy.review.lines,
        answer_for=policy.review.answer_for,
        destroy_by=reading.row.undecided_by,
        why=policy.retention.why.in_language(reading.locale),
        is_first=reading.line == next(iter(lines), None),
        can_choose=len(lines) > 1,
        closed=_say_last_end(reading),
        laws=reading.shell.laws,
    )


def is_decided_alone(reading: CustomerReading) -> bool:
    """Whether nobody looks, once the way is whole."""
    items = reading.requirements
    return bool(items) and reading.policy.review.contact_checks_decide and is_contact_only(items)


def name_asked(reading: CustomerReading) -> frozenset[str]:
    """What the way asks for: of "check", "details", "documents"."""
    names = {ContactRequirement: "check", DetailsRequirement: "details", DocumentRequirement: "documents"}
    return frozenset(names[type(item)] for item in reading.requirements)


def _say_last_end(reading: CustomerReading) -> str:
    """How the last check ended, if it confirmed nothing and no other was begun since."""
    newest = max(reading.checks, key=lambda check: check.decided_at or check.created_at, default=None)
    if newest is None or newest.state in {CheckState.OPEN, CheckState.CONFIRMED}:
        return ""
    if newest.state is CheckState.LAPSED:
        return say_lapsed(locale=reading.locale)
    return say_closed(newest.reasons, method=newest.method, locale=reading.locale)


def task_page(
    reading: CustomerReading, *, form_token: str, document: str | None = None, errors: tuple[FieldError, ...] = ()
) -> TaskPage:
    facts = tell_facts(reading)
    return reading.task_page(form_token=form_token, facts=facts, document=document, errors=errors)


def no_way_page(reading: CustomerReading, *, errors: tuple[FieldError, ...] = ()) -> NoWayPage:
    return NoWayPage(
        errors=errors,
        shell=reading.shell,
        case=reading.case(),
        verification_id=reading.row.id,
        closed=_say_last_end(reading),
    )


def steps_page(reading: CustomerReading, *, form_token: str, errors: tuple[FieldError, ...] = ()) -> StepsPage:
    return StepsPage(
        errors=errors,
        shell=reading.shell,
        case=reading.case(),
        verification_id=reading.row.id,
        form_token=form_token,
        facts=tell_facts(reading),
        steps=tuple(list_steps(reading)),
        can_submit=reading.can_submit(),
        changed=reading.changed(),
    )


def list_steps(reading: CustomerReading) -> list[Step]:
    """Every step of the way, in the policy's order; what is optional comes last."""
    url, cards = f"/verification/{reading.row.id}", {card.slot: card for card in reading.cards()}
    steps: list[Step] = []
    for item in reading.requirements:
        if isinstance(item, ContactRequirement):
            steps.append(_step_of_check(reading, item, url=url))
        elif isinstance(item, DetailsRequirement):
            names = {f"{DETAIL}{code}" for code in item.fields}
            steps += [_step_of_question(each, url=url) for each in reading.questions if each.name in names]
        else:
            steps.append(_step_of_document(reading, item, cards, url=url))
    return sorted(steps, key=lambda step: step.state is StepState.OPTIONAL)


def _step_of_check(reading: CustomerReading, item: ContactRequirement, *, url: str) -> Step:
    check = find_last_check(reading, item)
    is_done = check is not None and check.state is CheckState.CONFIRMED
    return Step(
        title=title_check((item.contact, item.by), locale=reading.locale),
        url=f"{url}/contacts/{item.contact}/{item.by}",
        state=StepState.DONE if is_done else StepState.TO_DO,
    )


def find_last_check(reading: CustomerReading, item: ContactRequirement) -> CheckStatus | None:
    """The newest check of one contact point by one method."""
    return next((c for c in reversed(reading.checks) if (c.contact, c.method) == (item.contact, item.by)), None)


def _step_of_question(question: Question, *, url: str) -> Step:
    again, state = question.asked_again or "", StepState.TO_DO
    if question.is_given:
        state = StepState.DONE
    elif again:
        state = StepState.AGAIN
    return Step(title=question.title, url=f"{url}/details?name={question.name}", state=state, hint=again)


def _step_of_document(
    reading: CustomerReading, item: DocumentRequirement, cards: dict[str, SlotCard], *, url: str
) -> Step:
    _ = translator(reading.locale)
    own = [cards[f"{item.document}.{slot}"] for slot in item.slots]
    title = reading.policy.documents[item.document].title.in_language(reading.locale)
    held, state, hint = [card for card in own if card.document and card.state is not SlotState.REFUSED], None, ""
    uncaptioned = [c for c in held if any(q.name == f"caption.{c.slot}" and not q.is_given for q in reading.questions)]
    if any(card.state in _UNDER_WAY for card in own):
        state = StepState.BUSY
    elif any(card.state is SlotState.REFUSED for card in own):
        state, hint = StepState.AGAIN, _("We could not read this file")
    elif again := next((card.asked_again for card in own if card.asked_again), None):
        state, hint = StepState.AGAIN, again
    elif uncaptioned:
        state, hint = StepState.TO_DO, _("A picture has no line yet that says what it shows.")
    elif item.is_optional:
        state = StepState.DONE if held else StepState.OPTIONAL
    else:
        state = StepState.DONE if len(held) == len(own) else StepState.TO_DO
    return Step(title=title, url=f"{url}/documents?document={item.document}", state=state, hint=hint)


def ways_page(reading: CustomerReading, *, form_token: str, errors: tuple[FieldError, ...] = ()) -> WaysPage:
    return WaysPage(
        errors=errors,
        shell=reading.shell,
        case=reading.case(),
        verification_id=reading.row.id,
        form_token=form_token,
        ways=tuple(_way(reading, line) for line in reading.offers.lines),
    )


def _way(reading: CustomerReading, line: int) -> WayChoice:
    items, policy, locale = reading.policy.ladder[line], reading.policy, reading.locale
    return WayChoice(
        line=line,
        parts=tuple(title_line(policy, items, locale=locale)),
        hint=hint_line(policy, items, locale=locale),
        is_current=line == reading.line,
        has_something=_has_something(items, reading.evidence),
    )


def _has_something(items: ProofLine, evidence: Evidence) -> bool:
    checks = {(each.contact, each.by) for each in items if isinstance(each, ContactRequirement)}
    fields = {code for each in items if isinstance(each, DetailsRequirement) for code in each.fields}
    slots = {(each.document, s) for each in items if isinstance(each, DocumentRequirement) for s in each.slots}
    return bool(checks & evidence.contacts or fields & evidence.details or slots & evidence.slots)


def find_document_of(anchor: str, reading: CustomerReading) -> str | None:
    """The document whose slot an error names."""
    places = (item for item in reading.requirements if isinstance(item, DocumentRequirement))
    return next((p.document for p in places for s in p.slots if slot_anchor(f"{p.document}.{s}") == anchor), None)
