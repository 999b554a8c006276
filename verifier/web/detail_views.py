"""Turns a policy's details and captions into questions, and what was wrong into sentences at their inputs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from policies.model import Policy
from policies.parts import DetailKind
from verifier.proofs.detail_faults import DetailFault
from verifier.proofs.detail_kinds import LONGEST
from verifier.proofs.details import CAPTION, DETAIL, Given, list_captions
from verifier.proofs.errors import DetailMalformedError
from verifier.web.answers.answer import N_
from verifier.web.detail_words import EXAMPLES, say_fault, say_fault_and_example
from verifier.web.details_form import PARTS
from verifier.web.pages.common import FieldError
from verifier.web.pages.language import translator
from verifier.web.pages.questions import DetailInput, Question

_LABELS: Final[Mapping[str, str]] = {
    "number": N_("Amount"),
    "currency": N_("Currency, such as EUR"),
    "day": N_("Day"),
    "month": N_("Month"),
    "year": N_("Year"),
    "pasted": N_("Paste the header here"),
    "from": N_("Or type it: from which address"),
    "to": N_("To which address"),
    "date": N_("Date, such as 22. 11. 2026"),
    "time": N_("Time, such as 14:05"),
}
_INPUTMODES: Final[Mapping[str, str]] = {
    "number": "decimal",
    "day": "numeric",
    "month": "numeric",
    "year": "numeric",
    "from": "email",
    "to": "email",
}
_AUTOCOMPLETE: Final[Mapping[str, str]] = {"number": "transaction-amount", "currency": "transaction-currency"}
"""All else is `off`: a browser must not keep what we destroy."""
_WIDTHS: Final[Mapping[str, str]] = {"currency": "short", "day": "tiny", "month": "tiny", "year": "short"}


def list_questions(
    policy: Policy,
    given: Given,
    *,
    locale: str,
    fields: Sequence[str] | None = None,
    values: Mapping[str, str] | None = None,
    asked_again: str | None = None,
) -> list[Question]:
    """One question for each detail of `fields` (all of the ladder's, where it is left out), in that order.

    `values`: what was typed before an error, by the names of the inputs. `asked_again`: why the reviewer asked for
    something again; it stands at what is not given.
    """
    _, typed = translator(locale), values or {}
    questions = []
    for code in policy.fields() if fields is None else fields:
        rules, name = policy.details[code], f"{DETAIL}{code}"
        question = Question(
            name=name,
            title=rules.title.in_language(locale),
            hint="" if rules.hint is None else rules.hint.in_language(locale),
            example=_(EXAMPLES[rules.kind]),
            inputs=_inputs(name, rules.kind, typed=typed, translate=_),
            is_given=code in given.details,
            asked_again=None if code in given.details else asked_again,
        )
        questions.append(question)
    return questions


def list_caption_questions(
    policy: Policy, given: Given, *, locale: str, values: Mapping[str, str] | None = None
) -> list[Question]:
    """One question for each slot that takes a caption, in the policy's order."""
    _, typed = translator(locale), values or {}
    return [
        Question(
            name=f"{CAPTION}{place}",
            title=_("What does this picture show?"),
            hint=label_slot(policy, place, locale=locale),
            example=_(EXAMPLES[DetailKind.TEXT]),
            inputs=_inputs(f"{CAPTION}{place}", DetailKind.TEXT, typed=typed, translate=_),
            is_given=place in given.captions,
        )
        for place in list_captions(policy)
    ]


def tell_faults(policy: Policy, error: DetailMalformedError, *, locale: str) -> dict[str, str]:
    """Everything that is wrong, as sentences, by the name of the question."""
    _, sentences = translator(locale), {}
    for name, fault in error.faults.items():
        kind, title = _of_question(policy, name, locale=locale)
        sentences[name] = say_fault_and_example(kind, fault, title=title, translate=_)
    return sentences


def field_errors(
    policy: Policy, error: DetailMalformedError, *, locale: str, values: Mapping[str, str]
) -> tuple[FieldError, ...]:
    """The same without the examples, each at the input that it is about, of those that were filled in as `values` say.

    The page shows the example above the input.
    """
    _, errors = translator(locale), []
    for name, fault in error.faults.items():
        _kind, title = _of_question(policy, name, locale=locale)
        field = _input_of(policy, name, fault, values).replace(".", "-")
        errors.append(FieldError(field=field, sentence=say_fault(fault, title=title, translate=_)))
    return tuple(errors)


def _of_question(policy: Policy, name: str, *, locale: str) -> tuple[DetailKind, str]:
    if name.startswith(CAPTION):
        return DetailKind.TEXT, label_slot(policy, name.removeprefix(CAPTION), locale=locale)
    rules = policy.details[name.removeprefix(DETAIL)]
    return rules.kind, rules.title.in_language(locale)


_PART_AT_FAULT: Final[Mapping[DetailFault, str]] = {
    DetailFault.NO_CURRENCY: "currency",
    DetailFault.UNKNOWN_CURRENCY: "currency",
    DetailFault.NO_SENDER: "from",
    DetailFault.NO_RECIPIENT: "to",
    DetailFault.NO_TIME: "date",
}


def _input_of(policy: Policy, name: str, fault: DetailFault, values: Mapping[str, str]) -> str:
    """The name of the input to mend."""
    kind = DetailKind.TEXT if name.startswith(CAPTION) else policy.details[name.removeprefix(DETAIL)].kind
    if kind not in PARTS:
        return name
    if kind is DetailKind.EMAIL_HEADER:
        if values.get(f"{name}.pasted", "").strip():
            return f"{name}.pasted"
        return f"{name}.{_PART_AT_FAULT.get(fault, 'from')}"
    return f"{name}.{_PART_AT_FAULT.get(fault, PARTS[kind][0])}"


def label_slot(policy: Policy, place: str, *, locale: str) -> str:
    """Such as "Screenshots, First"."""
    document, _dot, slot = place.partition(".")
    rules = policy.documents[document]
    return f"{rules.title.in_language(locale)}, {rules.slot_titles[slot].in_language(locale)}"


def _inputs(
    name: str, kind: DetailKind, *, typed: Mapping[str, str], translate: Callable[[str], str]
) -> tuple[DetailInput, ...]:
    if kind not in PARTS:
        return (DetailInput(name=name, label="", value=typed.get(name, ""), longest=LONGEST[kind]),)
    return tuple(
        DetailInput(
            name=f"{name}.{part}",
            label=translate(_LABELS[part]),
            value=typed.get(f"{name}.{part}", ""),
            inputmode=_INPUTMODES.get(part, ""),
            autocomplete=_AUTOCOMPLETE.get(part, "off"),
            lines=6 if part == "pasted" else 1,
            longest=LONGEST[kind] if part == "pasted" else 320,
            width=_WIDTHS.get(part, ""),
        )
        for part in PARTS[kind]
    )
