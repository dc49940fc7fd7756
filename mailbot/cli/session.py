"""Who types, and where the log of a command goes."""

import getpass
import logging
import os


def actor() -> str:
    """Who types: the login name, which goes into the audit log."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def set_up_log(verbose: bool, least: int = logging.WARNING) -> None:
    """The log of a command goes to standard error: the service's file is the service's own."""
    from mailbot.reports.logs import configure

    configure(None, verbose, least)
