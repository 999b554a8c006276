"""The words of mails and text messages: short, plain, warm, in the reader's language.

Guarantees: a mail with a code holds no link, so that nobody learns to follow one; a text for phones fits two segments
in every language, losing its least important sentences first, and a code's last line is bound to our domain (WICG,
"Origin-bound one-time codes delivered via SMS"). Leaves to others: to whom, and when.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, assert_never

from verifier.locales import N_, load_sentences, name_desk, translator
from verifier.notices.kinds import Channel, NoticeKind
from verifier.notices.letter import MOST_SEGMENTS, count_segments


@dataclass(frozen=True)
class Facts:
    """What the sentences name. `host` is that of the address that people open; `exit_url` the whole address of *I did
    not ask for this*; `minutes`, for how long the code works from when it is sent. A notice needs its own of `code`
    (with `minutes`) and `exit_url`, and no other."""

    desk: str
    case: str
    phrase: str
    host: str
    code: str = field(default="", repr=False)
    minutes: int = 0
    exit_url: str = field(default="", repr=False)


@dataclass(frozen=True, repr=False)
class Text:
    """In `locale`. A text for phones has no subject."""

    locale: str
    subject: str
    body: str


_CODE_SUBJECT: Final = N_("Your code for case {case}")
_CODE_MAIL: Final[Sequence[str]] = (
    N_("Hello,"),
    N_("here is your code for case {case} at {desk}. It works {for_minutes}:"),
    "    {code}",
    N_("Type it on the page that you opened, or read it out to the person of {desk} who is helping you on the phone."),
    N_(
        "The page shows two words, and so does the screen of the person who is helping you: {phrase}. If you see or "
        "hear others, keep the code to yourself."
    ),
    N_(
        "Did you not ask for this? Then do nothing: without the code nobody gets any further. If you like, tell "
        "{desk} in the way in which you usually reach them."
    ),
    N_("There is no link in this mail, and we never send one together with a code."),
)
_CODE_SMS: Final[Sequence[str]] = (
    N_("{code} is your code for case {case} at {desk}. It works {for_minutes}. Did not ask for it? Do nothing."),
    N_("{code} is your code. It works {for_minutes}. Did not ask for it? Do nothing."),
    N_("{code} is your code."),
)
_OPENED_SUBJECT: Final = N_("A verification was opened for your account")
_OPENED_MAIL: Final[Sequence[str]] = (
    N_("Hello,"),
    N_(
        "a verification was just opened for your account at {desk}, for case {case}. We tell you here, because this "
        "address is registered on the same account."
    ),
    N_("Was it you? Then there is nothing to do."),
    N_(
        "Was it not you? Then please open this page and choose “I did not ask for this”. It ends the verification, "
        "destroys what was sent unless a law makes us keep it, and warns {desk}:"
    ),
    "{exit_url}",
    N_("You can also tell {desk} in the way in which you usually reach them."),
)
_OPENED_SMS: Final[Sequence[str]] = (
    N_("A verification was opened for your account at {desk}. Was it you? Then do nothing. If not, say so: {exit_url}"),
    N_("A verification was opened for your account. Not you? Say so: {exit_url}"),
    N_("Not you? {exit_url}"),
    "{exit_url}",
)

Speak = Callable[[str], str]


def compose(kind: NoticeKind, channel: Channel, *, locale: str, facts: Facts) -> Text:
    """The text of a notice in `locale`.

    Raises:
        UnknownLocaleError: we do not speak it.
        ValueError: the facts do not hold what this notice is about.
    """
    _verify_facts(kind, facts)
    named = {name: getattr(facts, name) for name in ("case", "phrase", "code", "exit_url")}
    named["desk"] = name_desk(facts.desk, locale=locale)
    named["for_minutes"] = _say_minutes(facts.minutes, locale=locale)
    speak = translator(locale)

    def say(sentence: str) -> str:
        # The English sentence or its translation is formatted once: what a fact holds is never read as a placeholder.
        return speak(sentence).format_map(named)

    match kind:
        case NoticeKind.CODE:
            mail, sms, last_line = (_CODE_SUBJECT, _CODE_MAIL), _CODE_SMS, f"\n\n@{facts.host} #{facts.code}"
        case NoticeKind.OPENED_ELSEWHERE:
            mail, sms, last_line = (_OPENED_SUBJECT, _OPENED_MAIL), _OPENED_SMS, ""
        case _:
            assert_never(kind)
    match channel:
        case Channel.EMAIL:
            return Text(locale, *_mail(say, *mail))
        case Channel.SMS:
            return Text(locale, "", _sms(say, sms, last_line=last_line))
        case _:
            assert_never(channel)


def _verify_facts(kind: NoticeKind, facts: Facts) -> None:
    match kind:
        case NoticeKind.CODE:
            is_whole = bool(facts.code) and facts.minutes > 0 and not facts.exit_url
        case NoticeKind.OPENED_ELSEWHERE:
            is_whole = bool(facts.exit_url) and not facts.code
        case _:
            assert_never(kind)
    if not is_whole:
        raise ValueError(f"a notice of {kind} names its own facts, and no others")


def _say_minutes(minutes: int, *, locale: str) -> str:
    """As it follows "it works": in the case and the number of the language."""
    sentences = load_sentences(locale)
    return sentences.ngettext("for %(num)s minute", "for %(num)s minutes", minutes) % {"num": minutes}


def _mail(say: Speak, subject: str, paragraphs: Sequence[str]) -> tuple[str, str]:
    return say(subject), "\n\n".join(say(paragraph) for paragraph in paragraphs) + "\n"


def _sms(say: Speak, variants: Sequence[str], *, last_line: str) -> str:
    """The longest variant that fits; the last one where none does, which the outbox then refuses."""
    bodies = [say(variant) + last_line for variant in variants]
    return next((body for body in bodies if count_segments(body) <= MOST_SEGMENTS), bodies[-1])
