"""mailbot keeps a municipality's mailboxes to its own e-mail rules, kindly and lawfully."""

__version__ = "0.1.0"
