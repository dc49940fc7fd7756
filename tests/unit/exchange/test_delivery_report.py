"""Reports of delivery as mail servers write them, and everything else that pretends to be one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.exchange.delivery_report import LARGEST, Action, DeliveryReport, read_report

SENDER = "postbushulp@voorbeeld.example"
LETTER = "<0123456789abcdef0123456789abcdef.mailbot@voorbeeld.example>"

POSTFIX = f"""\
From: MAILER-DAEMON (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {SENDER}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="grens"

This is a MIME-encapsulated message.

--grens
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

<jan@voorbeeld.example>: host mx said: 550 5.1.1 no such user

--grens
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; post.voorbeeld.example
X-Postfix-Queue-ID: A8F2C1
Arrival-Date: Mon, 23 Nov 2026 09:00:00 +0100 (CET)

Final-Recipient: rfc822; jan@voorbeeld.example
Original-Recipient: rfc822;jan@voorbeeld.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user

--grens
Content-Description: Undelivered Message
Content-Type: message/rfc822

From: {SENDER}
Message-ID: {LETTER}
Subject: Even over je postvak

Hoi Jan

--grens--
"""


def read(text: str) -> DeliveryReport | None:
    return read_report(text.replace("\n", "\r\n").encode(), SENDER)


def test_a_letter_that_came_back_for_good() -> None:
    assert read(POSTFIX) == DeliveryReport(Action.FAILED, "5.1.1", LETTER)


def test_lines_may_end_as_on_unix() -> None:
    assert read_report(POSTFIX.encode(), SENDER) == read(POSTFIX)


@pytest.mark.parametrize(
    ("old", "new", "action", "status"),
    [
        ("Action: failed\nStatus: 5.1.1", "Action: delayed\nStatus: 4.4.1", Action.DELAYED, "4.4.1"),
        ("Action: failed\nStatus: 5.1.1", "Action: failed\nStatus: 4.4.7", Action.FAILED, "4.4.7"),
        ("Action: failed\nStatus: 5.1.1", "Action: delivered\nStatus: 2.0.0", Action.OTHER, ""),
        ("Action: failed\nStatus: 5.1.1", "Action: relayed\nStatus: 2.0.0", Action.OTHER, ""),
        ("Status: 5.1.1", "Status: 5.2.2 (mailbox full)", Action.FAILED, "5.2.2"),
        ("Action: failed", "ACTION: Failed", Action.FAILED, "5.1.1"),
        ("report-type=delivery-status", "report-type=Delivery-Status", Action.FAILED, "5.1.1"),
    ],
    ids=["delayed", "given up", "delivered", "relayed", "with words", "capitals", "capitals in the header"],
)
def test_what_became_of_it(old: str, new: str, action: Action, status: str) -> None:
    assert read(changed(old, new)) == DeliveryReport(action, status, LETTER)


def test_only_the_headers_may_have_come_back() -> None:
    """Postfix sends no more of a large mail (RFC 3461, RET=HDRS)."""
    report = changed("Content-Type: message/rfc822", "Content-Type: text/rfc822-headers")
    assert read(report) == DeliveryReport(Action.FAILED, "5.1.1", LETTER)


def test_the_gravest_of_several_recipients_counts() -> None:
    both = "Action: delayed\nStatus: 4.2.0\n\nFinal-Recipient: rfc822; piet@voorbeeld.example\nAction: failed"
    assert read(changed("Action: failed", both)) == DeliveryReport(Action.FAILED, "5.1.1", LETTER)


def test_that_our_own_copy_failed_does_not_mean_that_the_letter_did() -> None:
    report = POSTFIX.replace("rfc822; jan@", "rfc822; Postbushulp@").replace(
        "rfc822;jan@", "rfc822;postbushulp@"
    )
    assert read(report) == DeliveryReport(Action.OTHER, "", LETTER)


def test_a_report_that_brings_nothing_back_names_no_letter() -> None:
    start = POSTFIX.index("--grens\nContent-Description: Undelivered")
    assert read(POSTFIX[:start] + "--grens--\n") == DeliveryReport(Action.FAILED, "5.1.1", None)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("multipart/report; report-type=delivery-status", "multipart/mixed"),
        ("report-type=delivery-status", "report-type=disposition-notification"),
        ("; report-type=delivery-status", ""),
        ("Content-Type: message/delivery-status", "Content-Type: text/plain"),
        ("Reporting-MTA: dns; post.voorbeeld.example\n", ""),
        ("Final-Recipient: rfc822; jan@voorbeeld.example\n", ""),
        ("Action: failed\n", ""),
        ("Action: failed", "Action: failed\nAction: delivered"),
        ("Status: 5.1.1\n", ""),
        ("Status: 5.1.1", "Status: gone"),
        ("Status: 5.1.1", "Status: 2.0.0"),
        ("\n\nFinal-Recipient", "\nFinal-Recipient"),
    ],
)
def test_what_is_not_written_as_the_standard_says_is_no_report(old: str, new: str) -> None:
    assert read(changed(old, new)) is None


@pytest.mark.parametrize(
    "named",
    [
        "Message-ID: geen",
        "Message-ID:",
        f"X-Message-ID: {LETTER}",
        f"Message-ID: {LETTER}\nMessage-ID: {LETTER}",
    ],
)
def test_a_letter_is_named_once_and_well_or_not_at_all(named: str) -> None:
    found = read(changed(f"Message-ID: {LETTER}", named))
    assert found is not None and found.about is None


def test_a_text_that_only_quotes_a_report_is_none() -> None:
    """Somebody answers us with the whole report pasted into a mail."""
    assert read(f"From: jan@voorbeeld.example\nContent-Type: text/plain\n\n{POSTFIX}") is None
    outside = f'Content-Type: multipart/mixed; boundary="x"\n\n--x\n{POSTFIX}\n--x--\n'
    assert read(outside) is None


def test_what_is_too_long_is_not_read() -> None:
    assert read(POSTFIX + "x" * LARGEST) is None


def test_a_report_about_a_whole_mailing_list_is_none_of_ours() -> None:
    group = "\nFinal-Recipient: rfc822; x@voorbeeld.example\nAction: failed\nStatus: 5.1.1\n"
    assert read(changed("\nFinal-Recipient", group * 60 + "\nFinal-Recipient")) is None


LINES = st.sampled_from(POSTFIX.splitlines(keepends=True))


@given(st.binary(max_size=400))
def test_no_bytes_make_it_fail(raw: bytes) -> None:
    read_report(raw, SENDER)


@given(st.lists(st.one_of(LINES, st.text(max_size=20).map(lambda text: text + "\n")), max_size=40))
def test_no_shuffled_report_makes_it_fail(lines: list[str]) -> None:
    head = POSTFIX[: POSTFIX.index("This is a MIME")]
    found = read_report((head + "".join(lines)).encode("utf-8", "surrogatepass"), SENDER)
    assert found is None or found.about in (None, LETTER)


def changed(old: str, new: str) -> str:
    assert old in POSTFIX
    return POSTFIX.replace(old, new, 1)
