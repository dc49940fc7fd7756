"""Recipients: who is inside, who is outside, and who nobody can tell."""

from datetime import date

import pytest

from mailbot.model.secure_mail import TrustedDomain
from mailbot.model.sent import Reach, Recipient, RecipientKind
from mailbot.rules.mail.recipients import DEEPEST, domain, resolve, with_partners

OWN = ("voorbeeld.example", "oudedorp.example", "grüne-stadt.example")
INSIDE = Recipient("a@voorbeeld.example")
OUTSIDE = Recipient("b@provincie.example")
NOBODY_KNOWS = Recipient(None, RecipientKind.CONTACT)


def group(*members: Recipient, hidden: bool = False) -> Recipient:
    return Recipient("team@voorbeeld.example", RecipientKind.GROUP, None if hidden else members)


def reach(*recipients: Recipient) -> Reach:
    return resolve(recipients, OWN).reach


@pytest.mark.parametrize(
    "address",
    [
        "a@voorbeeld.example",
        "A@VOORBEELD.EXAMPLE",
        "a+archief@voorbeeld.example",
        "a@post.voorbeeld.example",
        "a@voorbeeld.example.",
        " <a@voorbeeld.example> ",
        "a@oudedorp.example",
        "a@grüne-stadt.example",
        "a@GRÜNE-Stadt.example",
        "a@xn--grne-stadt-beb.example",
        '"a@b"@voorbeeld.example',
    ],
)
def test_inside_however_it_is_written(address: str) -> None:
    assert reach(Recipient(address)) is Reach.INTERNAL


@pytest.mark.parametrize(
    "address",
    [
        "a@nietvoorbeeld.example",
        "a@voorbeeld.example.bureau.example",
        "a@xn--vrbeeld-t0aa.example",
        "voorbeeld.example@gmail.example",
        "b_bureau.example#EXT#@voorbeeld.example",
        "b_bureau.example#ext#@voorbeeld.example",
    ],
)
def test_outside_however_it_looks_like_inside(address: str) -> None:
    assert reach(Recipient(address)) is Reach.EXTERNAL


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "@",
        "jansen",
        "a@",
        "@bureau.example",
        "a@localhost",
        "a@[192.0.2.1]",
        "a@bureau..example",
        "/o=voorbeeld/ou=exchange/cn=recipients/cn=jansen",
    ],
)
def test_what_gives_no_domain_is_unclear(address: str | None) -> None:
    assert reach(Recipient(address)) is Reach.UNCLEAR


def test_the_strictest_recipient_decides() -> None:
    assert reach(INSIDE, INSIDE) is Reach.INTERNAL
    assert reach(INSIDE, NOBODY_KNOWS) is Reach.UNCLEAR
    assert reach(INSIDE, NOBODY_KNOWS, OUTSIDE) is Reach.EXTERNAL


def test_a_group_is_who_is_in_it() -> None:
    assert reach(group(INSIDE, INSIDE)) is Reach.INTERNAL
    assert reach(group(INSIDE, group(OUTSIDE))) is Reach.EXTERNAL
    assert reach(group(hidden=True)) is Reach.UNCLEAR
    assert reach(group(INSIDE, group(hidden=True))) is Reach.UNCLEAR
    assert reach(INSIDE, group()) is Reach.INTERNAL


def test_groups_that_go_too_deep_are_unclear() -> None:
    deep = group(INSIDE)
    for _ in range(DEEPEST + 1):
        deep = group(deep)
    assert reach(deep) is Reach.UNCLEAR


def test_a_contact_is_judged_by_its_address() -> None:
    assert reach(Recipient("a@bureau.example", RecipientKind.CONTACT)) is Reach.EXTERNAL
    assert reach(Recipient("a@voorbeeld.example", RecipientKind.ONE_OFF)) is Reach.INTERNAL


def test_a_copy_without_recipients_is_unclear() -> None:
    assert reach() is Reach.UNCLEAR
    assert reach(group()) is Reach.UNCLEAR


def test_without_own_domains_nobody_is_outside() -> None:
    assert resolve([OUTSIDE], ()).reach is Reach.UNCLEAR


def test_domains_outside_are_gathered_as_they_are_compared() -> None:
    found = resolve([Recipient("b@Bücher.example."), OUTSIDE, INSIDE], OWN)
    assert found.external == {"xn--bcher-kva.example", "provincie.example"}


def test_a_label_that_no_registry_issues_stays_as_it_is() -> None:
    assert domain("a" * 64 + ".example") == "a" * 64 + ".example"


SENT, TODAY = date(2026, 11, 19), date(2026, 11, 23)


def trusted(name: str, approved: date, review_by: date, subdomains: bool = False) -> TrustedDomain:
    return TrustedDomain(name, "NTA 7516", "CISO", review_by, subdomains, approved)


IN_FORCE = trusted("provincie.example", SENT, TODAY)


def with_trust(*recipients: Recipient, trust: TrustedDomain = IN_FORCE) -> Reach:
    return with_partners(resolve(recipients, OWN), [trust], SENT, TODAY).reach


def test_a_partner_on_the_list_is_inside() -> None:
    assert reach(OUTSIDE) is Reach.EXTERNAL
    assert with_trust(OUTSIDE) is with_trust(OUTSIDE, INSIDE) is Reach.INTERNAL
    assert with_trust(Recipient("B@Provincie.Example.")) is Reach.INTERNAL


def test_a_subdomain_of_a_partner_is_inside_when_the_list_says_so() -> None:
    below = Recipient("b@post.provincie.example")
    assert with_trust(below) is Reach.EXTERNAL
    wide = trusted("provincie.example", SENT, TODAY, subdomains=True)
    assert with_trust(below, trust=wide) is Reach.INTERNAL


def test_trust_that_is_past_its_review_or_younger_than_the_mail_leaves_doubt() -> None:
    for approved, review in ((SENT, date(2026, 11, 22)), (date(2026, 11, 20), TODAY)):
        assert with_trust(OUTSIDE, trust=trusted("provincie.example", approved, review)) is Reach.UNCLEAR


def test_a_partner_takes_nothing_away_from_the_others() -> None:
    assert with_trust(OUTSIDE, Recipient("c@bureau.example")) is Reach.EXTERNAL
    assert with_trust(OUTSIDE, Recipient("b_x#EXT#@voorbeeld.example")) is Reach.EXTERNAL
    assert with_trust(OUTSIDE, NOBODY_KNOWS) is Reach.UNCLEAR


def test_a_contact_with_an_address_of_our_own_may_lead_outside() -> None:
    """The address list gives such contacts an own address and sends their mail on to somebody else."""
    contact = Recipient("bureau@voorbeeld.example", RecipientKind.CONTACT)
    assert reach(contact) is Reach.UNCLEAR
    assert reach(INSIDE, contact) is Reach.UNCLEAR
    assert reach(contact, OUTSIDE) is Reach.EXTERNAL
