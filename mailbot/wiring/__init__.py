"""The only place that turns settings into adapters."""

import os
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from threading import RLock
from typing import TypeVar
from urllib.parse import quote

from pydantic import SecretStr

from mailbot.config.load import (
    Configuration,
    collect,
    directory_export,
    key_file,
    require_settings,
    store_settings,
)
from mailbot.config.problems import Problem, report
from mailbot.engine import breaker as breakers
from mailbot.engine.brake import BrakeLimits
from mailbot.engine.breaker import Breaker
from mailbot.engine.gates import decision_for
from mailbot.engine.judge import ActiveRule
from mailbot.engine.ladder import Ladder
from mailbot.engine.plan import LetterHours
from mailbot.engine.recipients import Mode
from mailbot.engine.slots import Schedule
from mailbot.jobs.house import House, Terms
from mailbot.letters.render import TomlLetters
from mailbot.letters.smtp_relay import SmtpRelay
from mailbot.letters.texts import LetterTexts
from mailbot.model.clock import Clock, SystemClock
from mailbot.model.errors import GateClosed, KeyRefused, SettingsRefused
from mailbot.model.needs import DataClass
from mailbot.model.slots import Job
from mailbot.policy.decisions import Decision
from mailbot.policy.packs import Pack
from mailbot.ports import Store
from mailbot.reports.operator import FileOperator
from mailbot.rules import registry
from mailbot.store.keys import read_key_file
from mailbot.store.sql import SqlStore
from mailbot.wiring import mailboxes
from mailbot.wiring.letters import norm_texts, without_texts
from mailbot.wiring.mailboxes import Breakers, PostWrapper
from mailbot.wiring.sources import also_wrong, sources

ABSENCE_LETTERS = (time(10), time(15))
"""Local hours of the absence letter: late enough to be at work, early enough to act on (practice 6)."""

EVERY_DAY = frozenset(range(7))
SWEEP_GRACE = timedelta(hours=8)
DIGEST_GRACE = timedelta(hours=7)
RETAIN_GRACE = timedelta(hours=20)

T = TypeVar("T")


def configuration(folder: Path, env: Mapping[str, str]) -> Configuration:
    """Everything in a settings folder, with its letter texts, validated together.

    Raises SettingsRefused once, with every problem of every file.
    """
    return _validated(folder, env)[0]


def _validated(folder: Path, env: Mapping[str, str]) -> tuple[Configuration, LetterTexts]:
    require_settings(folder)
    found, problems = collect(folder, env)
    texts, wrong_texts = LetterTexts.check(folder / "letters")
    problems = [*problems, *wrong_texts]
    if found is not None and not wrong_texts:
        problems += without_texts(found.pack, texts)
    refused = _refused_key(folder, env)
    if found is not None and not problems and refused is not None:
        raise refused
    if found is None or problems:
        told = report([*problems, *_key_problem(refused)])
        raise SettingsRefused("\n\n".join([told, *also_wrong(directory_export(folder, env))]))
    return found, texts


def _refused_key(folder: Path, env: Mapping[str, str]) -> KeyRefused | None:
    """What is wrong with the key file, if anything. Alone it keeps its own exit code."""
    file = key_file(folder, env)
    try:
        if file is not None:
            read_key_file(file)
    except KeyRefused as error:
        return error
    return None


def _key_problem(refused: KeyRefused | None) -> Iterator[Problem]:
    if refused is not None:
        found, _, mend = str(refused).partition(". ")
        mend = mend or "give mailbot the right to read it"
        yield Problem("mailbot.toml", "store.key_file", "the key of this installation", found, mend)


@contextmanager
def opened(
    folder: Path,
    env: Mapping[str, str] | None = None,
    *,
    clock: Clock | None = None,
    owner: str | None = None,
    wrap_post: PostWrapper | None = None,
    halting: Callable[[], bool] = lambda: False,
    insist: bool = True,
    decisions: tuple[Decision, ...] = (),
) -> Iterator[House]:
    """A house with everything in its place; what was opened is closed again.

    `insist` is False for commands that send nothing and must work in a house that may not send: the doctor,
    and those that show or erase what is kept about people. `decisions` open headings, on the simulator of
    this machine only: no settings file can make one.

    Raises SettingsRefused, KeyRefused, Unreachable (database) or, for the mode live without open gates,
    GateClosed: then nothing has been started.
    """
    found, texts = _validated(folder, os.environ if env is None else env)
    clock = clock or SystemClock()
    settings = found.settings
    if decisions and not settings.exchange.on_this_machine:
        raise GateClosed("decisions can be handed in on this machine's simulator only; nothing was started")
    with ExitStack() as stack:
        database = _with_password(settings.store.url, found.secrets.store_password)
        store = SqlStore(database, read_key_file(settings.store.key_file))
        stack.callback(store.close)
        breaker = _breaker(clock, store, breakers.EXCHANGE, "Exchange")
        people = sources(found, clock, store, _breaker(clock, store, breakers.DIRECTORY, "The directory"))
        of_posts = Breakers(breaker, _breaker(clock, store, breakers.POST, "The mail server"))
        one_at_a_time = RLock()
        service_mailbox = _once(partial(mailboxes.service_mailbox, found, breaker, stack), one_at_a_time)
        house = House(
            clock=clock,
            terms=_terms(found, decisions),
            rules=partial(_rules, found.pack, decisions),
            directory=people.directory,
            personnel=lambda: people.personnel,
            store=store,
            exchange=_once(partial(mailboxes.exchange, found, clock, breaker, store, stack), one_at_a_time),
            post=_once(
                partial(mailboxes.post, found, clock, of_posts, halting, service_mailbox, stack, wrap_post),
                one_at_a_time,
            ),
            service_mailbox=service_mailbox,
            export=partial(mailboxes.export, found, clock),
            letters=_letters(found, texts),
            operator=_operator(found, store, clock),
            owner=owner or f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(4)}",
            halting=halting,
            signs_in=mailboxes.signs_in(settings.exchange),
        )
        if insist and house.terms.mode is Mode.LIVE and not house.gates_open():
            closed = ", ".join(state.gate.value for state in house.gates() if not state.open)
            raise GateClosed(
                f"mode live refuses to start while gates are closed: {closed}; see: mailbot doctor"
            )
        yield house


@contextmanager
def memory(folder: Path, env: Mapping[str, str] | None = None) -> Iterator[tuple[Store, Clock]]:
    """The store alone, without looking at anything else: the brake works in a house that does not.

    Raises SettingsRefused, KeyRefused or Unreachable when the store itself cannot be used.
    """
    settings, password = store_settings(folder, os.environ if env is None else env)
    store = SqlStore(_with_password(settings.url, password), read_key_file(settings.key_file))
    try:
        yield store, SystemClock()
    finally:
        store.close()


def schedules(folder: Path, env: Mapping[str, str] | None = None) -> tuple[tuple[Schedule, ...], timedelta]:
    """The timetable of a settings folder and the pause between deliveries."""
    plan = configuration(folder, os.environ if env is None else env).settings.schedule
    digest_days = frozenset({plan.digest_weekday.number})
    return (
        Schedule(Job.RETAIN, (plan.retain,), EVERY_DAY, RETAIN_GRACE),
        Schedule(Job.SWEEP, (plan.sweep,), EVERY_DAY, SWEEP_GRACE),
        Schedule(Job.DIGEST, (plan.digest,), digest_days, DIGEST_GRACE, roll_to_office_day=True),
    ), timedelta(minutes=plan.deliver_every_minutes)


def _terms(found: Configuration, decisions: tuple[Decision, ...]) -> Terms:
    settings = found.settings
    return Terms(
        zone=settings.organisation.zone,
        closed=found.closed,
        pack=found.pack,
        policy_hash=found.policy_hash,
        evidence=found.evidence,
        mode=Mode(settings.delivery.mode),
        redirect_to=settings.delivery.redirect_to,
        redirect_everyone=settings.exchange.on_this_machine,
        pilot_groups=frozenset(settings.people.pilot_groups),
        sender=settings.delivery.sender,
        cap=settings.delivery.cap_per_run,
        hours=LetterHours((settings.schedule.deliver_from, settings.schedule.deliver_until), ABSENCE_LETTERS),
        secure_mail=found.secure_mail,
        statements=found.statements,
        service_accounts=tuple(settings.people.service_accounts),
        decisions=decisions,
        managers=found.managers,
        waivers=found.waivers,
        ladder=Ladder(**settings.ladder.model_dump()),
        brake=BrakeLimits(**settings.brake.model_dump()),
        stages=found.stages,
    )


def _rules(pack: Pack, decisions: tuple[Decision, ...], today: date) -> tuple[ActiveRule, ...]:
    """The rules that the pack's norms switch on today, with their parameters. A rule that must look deeper
    than sizes and settings is on only while a decision lets it."""
    known = registry()
    active = []
    for norm in pack.active_norms(today):
        if not norm.built or norm.rule is None:
            continue
        rule = known[norm.rule]
        decision = decision_for(decisions, rule.id, max(rule.data_class, DataClass.HEADING), today)
        if rule.data_class <= DataClass.TRAFFIC or decision is not None:
            active.append(ActiveRule(rule, norm.parameters, decision))
    return tuple(active)


def _with_password(url: str, password: SecretStr | None) -> str:
    """The database's URL, with the password from its file where there is one."""
    if password is None:
        return url
    scheme, _, rest = url.partition("://")
    user, at, host = rest.rpartition("@")
    return f"{scheme}://{user}:{quote(password.get_secret_value(), safe='')}{at}{host}"


def _breaker(clock: Clock, store: Store, name: str, who: str) -> Breaker:
    def recall() -> str | None:
        with store.begin() as work:
            return work.note(name)

    def remember(text: str | None) -> None:
        with store.begin() as work:
            work.set_note(name, text)

    return Breaker(clock, recall, remember, who)


def _once(make: Callable[[], T], lock: AbstractContextManager[object]) -> Callable[[], T]:
    """Makes its value at the first call. The lock is one for all: what they make imports the same large
    packages, and two threads that import in a ring at once see half a module."""
    made: list[T] = []

    def get() -> T:
        with lock:
            if not made:
                made.append(make())
            return made[0]

    return get


def _letters(found: Configuration, texts: LetterTexts) -> TomlLetters:
    settings = found.settings
    return TomlLetters(
        texts,
        organisation=settings.organisation.name,
        sender=settings.delivery.sender,
        sender_name=settings.delivery.sender_name,
        contact=settings.delivery.contact,
        contact_en=settings.delivery.contact_en,
        intranet_word=settings.delivery.intranet_word,
        norms=partial(norm_texts, found.pack),
        warning_article=found.pack.warning_article or "",
    )


def _operator(found: Configuration, store: Store, clock: Clock) -> FileOperator:
    settings = found.settings.operator
    relay = None
    if settings.smtp_host is not None and settings.smtp_from is not None:
        relay = SmtpRelay(
            host=settings.smtp_host,
            port=settings.smtp_port,
            sender=settings.smtp_from,
            to=settings.smtp_to,
            clock=clock,
            starttls=settings.smtp_starttls,
            ca_file=settings.smtp_ca_file,
        )

    def change(code: str, now: datetime | None) -> bool:
        with store.begin() as work:
            return work.set_problem(code, now)

    return FileOperator(settings.status_file, change, clock, relay)
