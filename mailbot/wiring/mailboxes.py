"""From settings to the mailboxes: the road to Exchange, the post that sends, the nightly export."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from mailbot.config.exchange_section import Exchange as ExchangeSettings
from mailbot.config.load import Configuration
from mailbot.config.problems import report
from mailbot.config.secrets import plain
from mailbot.jobs.house import SignsIn
from mailbot.jobs.mending import MENDING
from mailbot.letters.pace import Pace, PacedPost
from mailbot.model.clock import Clock
from mailbot.model.ids import ObjectGuid
from mailbot.model.message_id import message_id
from mailbot.ports import Exchange, ExportCheck, Post, ServiceMailbox, Store

if TYPE_CHECKING:
    from mailbot.engine.breaker import Breaker
    from mailbot.exchange.ews.connection import Server

PostWrapper = Callable[[Post], Post]


@dataclass(frozen=True, slots=True)
class Breakers:
    """Of the accounts by which letters can leave."""

    exchange: "Breaker"
    post: "Breaker"


@dataclass(frozen=True, slots=True)
class StoredBookmarks:
    """Implements ports.Bookmarks with the store: each call is a transaction of its own."""

    store: Store
    clock: Clock

    def recall(self, guid: ObjectGuid, need: str) -> str | None:
        with self.store.begin() as work:
            return work.bookmark(self.store.person_key(guid), need, self.clock.now())

    def keep(self, guid: ObjectGuid, need: str, text: str) -> None:
        with self.store.begin() as work:
            work.set_bookmark(self.store.person_key(guid), need, text, self.clock.now())


def server(found: Configuration) -> "Server":
    from mailbot.exchange.ews.connection import Server
    from mailbot.exchange.ews.kerberos import Keytab
    from mailbot.exchange.ews.modern_auth import App
    from mailbot.exchange.ews.wire import Proxy

    exchange = found.settings.exchange
    major, minor = (int(part) for part in exchange.server_version.split(".")[:2])
    keytab = app = proxy = None
    if exchange.keytab_file and exchange.username:
        keytab = Keytab(exchange.keytab_file, exchange.username, exchange.spn_host)
    if exchange.certificate_file and exchange.tenant and exchange.client_id:
        app = App(exchange.tenant, exchange.client_id, exchange.certificate_file)
    if exchange.proxy:
        proxy = Proxy(exchange.proxy, exchange.proxy_username, plain(found.secrets.proxy_password))
    return Server(
        endpoint=exchange.endpoint,
        auth=exchange.auth,
        username=exchange.username or "",
        password=plain(found.secrets.exchange_password),
        impersonate=exchange.access == "impersonation",
        build=(major, minor),
        ca_file=exchange.ca_file,
        request_deadline=exchange.request_deadline_seconds,
        keytab=keytab,
        app=app,
        proxy=proxy,
    )


def signs_in(exchange: ExchangeSettings) -> SignsIn:
    """Whether the server insists on the binding only the server knows; we can tell that we offer it."""
    bound = ", bound to the TLS connection (Extended Protection)"
    bound = bound if exchange.endpoint.startswith("https:") else ""
    proxy = ", through the proxy" if exchange.proxy else ""
    match exchange.auth:
        case "kerberos":
            return SignsIn(f"by a Kerberos ticket{bound}{proxy}")
        case "ntlm":
            return SignsIn(f"by NTLM{bound}{proxy}")
        case "modern":
            says = "UNPROVEN; look with --readable whether mailboxes open, and say what you found"
            return SignsIn(f"by a token of Entra{proxy}. This way is {says}", proven=False)
        case _:
            return SignsIn(f"by password (basic){proxy}")


def exchange(
    found: Configuration, clock: Clock, breaker: "Breaker", store: Store, stack: ExitStack
) -> Exchange:
    from mailbot.exchange.ews.road import EwsRoad
    from mailbot.exchange.ews.visit import Limits
    from mailbot.exchange.export import ExportedFacts

    settings = found.settings.exchange
    limits = Limits(settings.workers, settings.mailbox_deadline_seconds, settings.run_minutes * 60)
    zone, sender = found.settings.organisation.zone, found.settings.delivery.sender
    bookmarks = StoredBookmarks(store, clock)
    road = EwsRoad(server(found), limits, zone, clock, breaker, sender, bookmarks)
    stack.callback(road.close)
    return ExportedFacts(road, settings.access_export, timedelta(hours=settings.export_max_age_hours))


def export(found: Configuration, clock: Clock) -> ExportCheck:
    """How the nightly export is now: its age and size, or why its facts are unknown."""
    from mailbot.exchange.export import examine

    exchange = found.settings.exchange
    state = examine(exchange.access_export, timedelta(hours=exchange.export_max_age_hours), clock.now())
    if state.trouble is None:
        hours = int(state.age.total_seconds() // 3600) if state.age else 0
        return ExportCheck(True, f"{state.rows} mailboxes, {hours} hours old")
    if state.problems:
        return ExportCheck(False, f"cannot be used:\n{report(state.problems)}")
    return ExportCheck(False, f"{state.trouble.code.replace('_', ' ')}; {MENDING[state.trouble]}")


def service_mailbox(found: Configuration, breaker: "Breaker", stack: ExitStack) -> ServiceMailbox:
    from mailbot.exchange.ews_service_mailbox import EwsServiceMailbox

    mailbox = EwsServiceMailbox(server(found), found.settings.delivery.sender, breaker)
    stack.callback(mailbox.close)
    return mailbox


def post(
    found: Configuration,
    clock: Clock,
    breakers: "Breakers",
    halting: Callable[[], bool],
    service_mailbox: Callable[[], ServiceMailbox],
    stack: ExitStack,
    wrap: PostWrapper | None,
) -> Post:
    """The post of the settings, at its pace."""
    sender, settings = found.settings.delivery.sender, found.settings.post
    if settings.kind == "smtp":
        from mailbot.letters.smtp_post import SmtpPost
        from mailbot.letters.submission import MailServer

        mail_server = MailServer(
            settings.smtp_host or "",  # the settings are refused without one
            settings.smtp_port,
            settings.smtp_tls,
            settings.smtp_username,
            plain(found.secrets.smtp_password),
            settings.smtp_ca_file,
            settings.smtp_deadline_seconds,
        )
        named = partial(message_id, sender=sender)
        post: Post = SmtpPost(mail_server, sender, service_mailbox, named, breakers.post, clock)
    else:
        from mailbot.exchange.ews_post import EwsPost

        post = EwsPost(server(found), sender, breakers.exchange)
    stack.callback(post.close)
    paced = PacedPost(post, Pace(settings.per_minute, clock, halting))
    return wrap(paced) if wrap else paced
