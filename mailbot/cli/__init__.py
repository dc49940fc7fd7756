"""What a person types. Commands import what they need when they run, so that `--help` is quick."""

import sys


def main() -> None:
    """Entry point. A known error prints its message and gives its own exit code; it is not a crash."""
    from mailbot.cli.app import app
    from mailbot.model.errors import MailbotError

    try:
        app()
    except MailbotError as error:
        sys.stderr.write(f"mailbot: {error}\n")
        sys.exit(error.exit_code)
