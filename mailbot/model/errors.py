"""Errors that a person can do something about. Each class's message says what to do.

MailbotError
    SettingsRefused     the settings, packs, people, waivers or case files are wrong; nothing starts
    KeyRefused          the key file is missing or belongs to another database
    GateClosed          a recorded precondition is missing
    PlanRefused         a stored plan may not be run any more
    SignInRefused       Exchange refused the service account
    Unreachable         Exchange or the database did not answer in time
    Stopped             somebody gave `mailbot stop`
    Busy                another process holds the slot
    PeopleRefused       the population shrank more than people leave
    WorkerHung          a thread never came back; the process must end, whoever starts it again goes on
    Halted              the process was asked to end; the job can be taken up again
    LetterRefused       a letter cannot be made of its texts and values; it is set aside, nothing is sent
"""


class MailbotError(Exception):
    """Base of all errors with a message for the administrator. `exit_code` is the command's exit code."""

    exit_code = 1


class SettingsRefused(MailbotError):
    exit_code = 2


class KeyRefused(MailbotError):
    exit_code = 3


class GateClosed(MailbotError):
    exit_code = 4


class PlanRefused(MailbotError):
    exit_code = 5


class SignInRefused(MailbotError):
    exit_code = 6


class Unreachable(MailbotError):
    exit_code = 7


class Stopped(MailbotError):
    exit_code = 8


class Busy(MailbotError):
    exit_code = 9


class LetterRefused(MailbotError):
    exit_code = 10


class PeopleRefused(MailbotError):
    exit_code = 11


class WorkerHung(MailbotError):
    exit_code = 13


class Halted(MailbotError):
    exit_code = 0
