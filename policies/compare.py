"""What a change of a policy would expose, before anybody begins a verification under it.

Guarantees that a policy of another version never compares as the same, that each change says which way it goes, and
that where something differs which no sentence here names, one says so. Whether a change is wanted is for the people who
read it; so is the wording of texts, which is only named here.
"""

from collections.abc import Iterator

from policies.changes import EXPOSES, Change, Effect, tell_guard, tell_limit, tell_switch
from policies.compare_rules import compare_documents, compare_periods, compare_texts, compare_times
from policies.ladder import extras, needs
from policies.measures import describe_duration
from policies.model import Policy
from policies.parts import ProofLine
from policies.unnamed import has_unnamed
from policies.words import tell_line

__all__ = ["EXPOSES", "Change", "Effect", "compare"]


def compare(old: Policy, new: Policy) -> tuple[Change, ...]:
    """Every difference from `old` to `new` that a sentence names, and one more for whatever none does; none where
    their versions are the same."""
    if old.version == new.version:
        return ()
    found = [*_no_proof(old, new), *_ladder(old, new), *_asked(old, new), *_review(old, new)]
    found += [*_contacts(old, new), *compare_times(old, new), *compare_periods(old, new)]
    found += [*compare_documents(old, new), *compare_texts(old, new)]
    if not found or has_unnamed(old, new):
        sentence = "Texts or the order of something changed that no other line here names. Compare the files."
        found.append(Change(Effect.SAYS_OTHERWISE, sentence))
    order = list(Effect)
    return tuple(sorted(found, key=lambda change: order.index(change.effect)))


def _no_proof(old: Policy, new: Policy) -> Iterator[Change]:
    if old.no_proof is None and new.no_proof is not None:
        yield Change(Effect.GUARDS_LESS, "No proof is asked for any more.")
    if old.no_proof is not None and new.no_proof is None:
        yield Change(Effect.ASKS_MORE, "A proof is asked for, where none was needed.")


def _ladder(old: Policy, new: Policy) -> Iterator[Change]:
    before, after = [needs(line) for line in old.ladder], [needs(line) for line in new.ladder]
    for number, (line, wanted) in enumerate(zip(new.ladder, after, strict=True), start=1):
        if wanted not in before:
            words = tell_line(line, policy=new)
            yield Change(Effect.SAYS_OTHERWISE, f"A line of proof is new, as number {number}: {words}.")
            if not any(earlier <= wanted for earlier in before):
                yield Change(Effect.GUARDS_LESS, f"Nobody could pass with this alone before: {words}.")
    for line, wanted in zip(old.ladder, before, strict=True):
        if wanted not in after:
            yield Change(Effect.ASKS_MORE, f"A line of proof is gone: {tell_line(line, policy=old)}.")
    if [each for each in before if each in after] != [each for each in after if each in before]:
        yield Change(Effect.SAYS_OTHERWISE, "The lines of proof are offered in another order.")


def _asked(old: Policy, new: Policy) -> Iterator[Change]:
    before, after = ([needs(line) for line in each.ladder] for each in (old, new))
    asked, now_asked = frozenset().union(*before), frozenset().union(*after)
    for kind, name in sorted(now_asked - asked):
        yield Change(Effect.ASKS_MORE, f"Newly asked for: {kind}, {name}.")
    for kind, name in sorted(asked - now_asked):
        yield Change(Effect.ASKS_LESS, f"No longer asked for: {kind}, {name}.")
    for number, kind, name in _list_extras(new.ladder, beyond=old.ladder):
        yield Change(Effect.ASKS_MORE, f"May be sent newly, in number {number}: {kind}, {name}.")
    for number, kind, name in _list_extras(old.ladder, beyond=new.ladder):
        yield Change(Effect.ASKS_LESS, f"May no longer be sent, in what was number {number}: {kind}, {name}.")


def _list_extras(ladder: tuple[ProofLine, ...], *, beyond: tuple[ProofLine, ...]) -> Iterator[tuple[int, str, str]]:
    """What lines of `ladder` invite people to send along that their counterparts do not, by the line's number.

    A line that has none is compared with everything that the other ladder takes.
    """
    known = {needs(line): extras(line) for line in beyond}
    anything = frozenset[tuple[str, str]]().union(*(needs(line) | extras(line) for line in beyond))
    for number, line in enumerate(ladder, start=1):
        for kind, name in sorted(extras(line) - known.get(needs(line), anything)):
            yield number, kind, name


def _review(old: Policy, new: Policy) -> Iterator[Change]:
    was, now = old.review, new.review
    yield from tell_guard("Reviewers one after the other", was.lines, now.lines)
    yield from tell_guard("Share of second looks, in per cent", was.second_look_share, now.second_look_share)
    yield from tell_switch("Four eyes", was=was.four_eyes, now=now.four_eyes)
    yield from tell_switch(
        "A person decides even where contact checks are confirmed",
        was=not was.contact_checks_decide,
        now=not now.contact_checks_decide,
    )
    yield from tell_limit("The answer is promised within", was.answer_for, now.answer_for)
    yield from tell_limit("A reviewer keeps a case for", was.claim_for, now.claim_for)
    yield from tell_limit("How often people may be asked to send again", was.resubmissions, now.resubmissions)
    listed, now_listed = ({item.code for item in each.checklist} for each in (was, now))
    for code in sorted(listed - now_listed):
        yield Change(Effect.GUARDS_LESS, f"Reviewers no longer compare: {code}.")
    for code in sorted(now_listed - listed):
        yield Change(Effect.GUARDS_MORE, f"Reviewers also compare: {code}.")
    for code in sorted(set(now.expected_fields) - set(was.expected_fields)):
        yield Change(Effect.ASKS_MORE, f"The desk may send along, to compare with: {code}.")
    for code in sorted(set(was.expected_fields) - set(now.expected_fields)):
        yield Change(Effect.ASKS_LESS, f"The desk no longer sends along, to compare with: {code}.")


def _contacts(old: Policy, new: Policy) -> Iterator[Change]:
    if not (old.has_contact_checks() and new.has_contact_checks()):
        return
    was, now = old.contacts, new.contacts
    yield from tell_switch("Telling the other contact point", was=was.tell_other, now=now.tell_other)
    yield from tell_switch("Refusing throw-away addresses", was=was.forbid_disposable, now=now.forbid_disposable)
    if was.changed_within != now.changed_within:
        effect = Effect.GUARDS_LESS if now.changed_within < was.changed_within else Effect.GUARDS_MORE
        times = f"{describe_duration(was.changed_within)} → {describe_duration(now.changed_within)}"
        yield Change(effect, f"A contact point counts as recently changed for: {times}.")
