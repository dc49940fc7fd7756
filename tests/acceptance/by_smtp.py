"""A municipality whose letters leave through a mail server instead of Exchange."""

from tests.acceptance.municipality import Municipality
from tests.contract.mail_server import HOST, PASSWORD, USERNAME, MailServer


def posts_through(here: Municipality, server: MailServer) -> None:
    """Edit its settings as an administrator would."""
    password = here.settings / "smtp.password"
    password.write_text(PASSWORD, encoding="ascii")
    password.chmod(0o600)
    (here.settings / "smtp-ca.pem").write_bytes(server.ca_file.read_bytes())
    here.change(
        ('kind = "exchange" ', 'kind = "smtp" '),
        ('# smtp_host = "smtp.voorbeeld.example"', f'smtp_host = "{HOST}"'),
        ("# smtp_port = 587", f"smtp_port = {server.port}"),
        ('# smtp_username = "postbushulp@voorbeeld.example"', f'smtp_username = "{USERNAME}"'),
        ('# smtp_password_file = "smtp.password"', 'smtp_password_file = "smtp.password"'),
        ('# smtp_ca_file = "smtp-ca.pem"', 'smtp_ca_file = "smtp-ca.pem"'),
    )
