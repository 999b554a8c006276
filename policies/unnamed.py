"""Whether two policies differ in anything that no sentence of `policies.compare` names.

Guarantees that what is not known to be named counts as unnamed: a field that joins the language later is, until a
sentence names it and this module says so.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from policies.compare_rules import find_period
from policies.ladder import extras, needs
from policies.model import Policy
from policies.parts import ChecklistItem, DocumentRules, ProofLine, ReviewRules, Table, is_optional
from policies.retention import DataClass, LegalHold, Period, Periods, RetentionRules

V = TypeVar("V")


def has_unnamed(old: Policy, new: Policy) -> bool:
    """Whether anything still differs, once all that a sentence names is taken from `new`."""
    if old.no_proof != new.no_proof:
        return old.no_proof is not None and new.no_proof is not None
    taken = replace(
        old,
        name=new.name,
        title=new.title,
        link=new.link,
        limits=new.limits,
        ladder=new.ladder if _are_lines_named(old.ladder, new.ladder) else old.ladder,
        documents=_take_documents(old.documents, new.documents),
        details=new.details,
        contacts=new.contacts if old.has_contact_checks() and new.has_contact_checks() else old.contacts,
        languages=new.languages if set(old.languages) != set(new.languages) else old.languages,
        review=_take_review(old.review, new.review),
        retention=_take_retention(old.retention, new.retention),
        reasons=new.reasons if _is_order_kept(_codes(old), _codes(new)) else old.reasons,
    )
    return taken.version != new.version


def _codes(policy: Policy) -> list[str]:
    return [reason.code for reason in policy.reasons]


def _is_order_kept(old: Iterable[V], new: Iterable[V]) -> bool:
    """Whether what is in both stands in the same order."""
    before, after = list(old), list(new)
    return [each for each in before if each in after] == [each for each in after if each in before]


def _are_lines_named(old: tuple[ProofLine, ...], new: tuple[ProofLine, ...]) -> bool:
    """Whether nothing changed inside of the lines that stay but what may be sent along."""
    known = {needs(line): line for line in old}
    for line in new:
        other = known.get(needs(line), line)
        if extras(line) == extras(other) and line != other:
            return False
        required, before = ([item for item in each if not is_optional(item)] for each in (line, other))
        if required != before or not _is_order_kept(other, line):
            return False
    return True


def _keep_values(old: Mapping[str, V], new: Mapping[str, V]) -> list[tuple[str, V]]:
    """The names of `new`, each with its value in `old` where there is one: which names there are is named."""
    if not _is_order_kept(old, new):
        return list(old.items())
    return [(name, old.get(name, value)) for name, value in new.items()]


def _take_documents(old: Table[DocumentRules], new: Table[DocumentRules]) -> Table[DocumentRules]:
    return Table.of((name, _take_rules(old[name], now) if name in old else now) for name, now in new.items())


def _take_rules(was: DocumentRules, now: DocumentRules) -> DocumentRules:
    titles = {slot: was.slot_titles.get(slot, title) for slot, title in now.slot_titles.items()}
    return replace(now, title=was.title, slot_titles=Table.of(titles.items()))


def _take_review(was: ReviewRules, now: ReviewRules) -> ReviewRules:
    before, after = ({item.code: item.text for item in each.checklist} for each in (was, now))
    return replace(
        was,
        lines=now.lines,
        answer_for=now.answer_for,
        four_eyes=now.four_eyes,
        second_look_share=now.second_look_share,
        resubmissions=now.resubmissions,
        claim_for=now.claim_for,
        contact_checks_decide=now.contact_checks_decide,
        checklist=tuple(ChecklistItem(code, text) for code, text in _keep_values(before, after)),
        expected_fields=Table.of(_keep_values(was.expected_fields, now.expected_fields)),
    )


def _take_retention(was: RetentionRules, now: RetentionRules) -> RetentionRules:
    undecided, rows = was.undecided_for, was.forget_rows_after
    countries = (
        (name, _take_periods(was, now, was.countries.get(name, Table(())), now.countries.get(name, Table(()))))
        for name in sorted({*was.countries, *now.countries})
    )
    return replace(
        was,
        undecided_for=now.undecided_for if was.longest_undecided() != now.longest_undecided() else undecided,
        forget_rows_after=now.forget_rows_after if was.longest_rows() != now.longest_rows() else rows,
        unfinished_upload_for=now.unfinished_upload_for,
        hold_for=now.hold_for,
        classes=_take_periods(was, now, was.classes, now.classes),
        countries=Table.of((name, periods) for name, periods in countries if periods),
        holds=_take_holds(was, now),
    )


def _take_periods(was: RetentionRules, now: RetentionRules, before: Periods, after: Periods) -> Periods:
    taken: dict[str, Period] = {}
    for data in DataClass:
        stayed, stays = find_period(was, before, data), find_period(now, after, data)
        if data in before and data in after:
            taken[data.value] = replace(before[data], keep_for=stays)
        elif stays != stayed and data in after:
            taken[data.value] = after[data]
        elif stays == stayed and data in before:
            taken[data.value] = before[data]
    return Table.of(taken.items())


def _take_holds(was: RetentionRules, now: RetentionRules) -> tuple[LegalHold, ...]:
    """The longest of each class is named, and for how long; which law it is, is not."""
    taken = set(was.holds)
    for data in DataClass:
        before, after = was.find_hold(data), now.find_hold(data)
        if before is not None:
            taken.remove(before)
        if before is not None and after is not None:
            taken.add(replace(before, keep_for=after.keep_for))
        elif after is not None:
            taken.add(after)
    return now.holds if taken == set(now.holds) else was.holds
