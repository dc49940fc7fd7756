"""What gemeente Voorbeeld would have signed: true on the simulator of this machine, and nowhere else."""

import shutil
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailbot.policy.decisions import Decision

PASSWORD = "demo-only"
SECURE_MAIL_FILE = "secure_mail.toml"
CALIBRATION_MAILBOX = "calibratie@voorbeeld.example"

STATEMENTS = """\
# Signed statements of gemeente Voorbeeld, which does not exist.

[[statement]]
claim = "no_server_signatures"
signed_by = "teamleider informatisering"
signed = 2026-10-01
review_by = 2027-04-01

[[statement]]
claim = "no_hidden_members"
signed_by = "functioneel beheerder Exchange"
signed = 2026-10-01
review_by = 2027-04-01

[[statement]]
claim = "no_classic_outlook"
signed_by = "teamleider informatisering"
signed = 2026-10-01
review_by = 2027-04-01
"""

SECURE_MAIL = """\
# Secure mail of gemeente Voorbeeld, which does not exist. The calibration follows from its test mails.

[[label]]
guid = "7d3c1a52-0f6e-4b1b-9a51-2f1c6e0d4a11"
encrypts = true

[[label]]
guid = "1b9e8f40-3c2d-4e5f-8a6b-7c8d9e0f1a2b"
encrypts = false

[[trusted_domain]]
domain = "suwinet.example"
basis = "gesloten netwerk"
approver = "CISO"
approved = 2026-06-01
review_by = 2027-05-31

[[trusted_domain]]
domain = "zorgkoppeling.example"
basis = "afgedwongen TLS met vastgelegd certificaat"
approver = "CISO"
approved = 2025-06-01
review_by = 2026-05-31
"""


def complete(settings: Path, endpoint: str, people: Path, mode: str = "live") -> None:
    """The settings in `settings` as an administrator would complete them for a simulator at `endpoint`, with
    the files that it wrote into `people`. Raises ValueError when the shipped settings no longer fit."""
    publish(people, settings)
    hr = str((people / "hr").absolute())
    toml = settings / "mailbot.toml"
    text = toml.read_text(encoding="utf-8")
    for old, new in (
        ("https://mail.voorbeeld.example/EWS/Exchange.asmx", endpoint),
        ('mode = "off"', f'mode = "{mode}"'),
        ("cap_per_run = 200", "cap_per_run = 5000"),
        ('# hr_folder = "hr" ', f"hr_folder = '{hr}' "),
    ):
        if old not in text:
            raise ValueError(f"the shipped mailbot.toml has no {old!r}")
        text = text.replace(old, new)
    toml.write_text(text, encoding="utf-8")
    (settings / "statements.toml").write_text(STATEMENTS, encoding="utf-8")
    (settings / SECURE_MAIL_FILE).write_text(SECURE_MAIL, encoding="utf-8")
    password = settings / "exchange.password"
    password.write_text(PASSWORD, encoding="ascii")
    password.chmod(0o600)


def publish(people: Path, settings: Path) -> None:
    """Bring what the directory and Exchange export to where mailbot looks for it. Files keep their age.
    Personnel's folder stays where it is: mailbot takes the drops out of it."""
    for name in ("directory.ldf", "accepted_domains.txt", "access.csv"):
        shutil.copy2(people / name, settings / name)


def decision(sample_percent: int = 50) -> "Decision":
    """Headings of a sample of the staff of gemeente Voorbeeld, until the end of 2026."""
    from mailbot.model.ids import RuleId
    from mailbot.model.needs import DataClass
    from mailbot.policy.decisions import Decision

    return Decision(
        id="VB-2026-3",
        decider="M. van Voorbeeld",
        function="gemeentesecretaris",
        authority="artikel 9 van het protocol e-mail",
        date=date(2026, 10, 20),
        purpose="vertrouwelijkheid van informatie",
        weighty_reason="twee meldingen van onbeveiligde mail in een kwartaal",
        less_intrusive_means="voorlichting en een melding in Outlook hielpen niet genoeg",
        checks=(RuleId("confidential_external"),),
        data_class=DataClass.HEADING,
        population="alle medewerkers, zonder wie is uitgezonderd",
        sample_percent=sample_percent,
        start=date(2026, 11, 1),
        end=date(2026, 12, 31),
        who_sees_what="alleen de medewerker zelf",
        works_council="OR-2026-17",
        ap_field="n.v.t.: geen inhoud",
        fg_advice="positief, 14 oktober 2026",
        second_signer="P. Tweede",
    )
