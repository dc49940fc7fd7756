"""Work for an administrator that a rule saw. A task is never a letter to the employee."""

from enum import StrEnum


class Task(StrEnum):
    INBOX_OPEN_TO_ALL = "inbox_open_to_all"  # Default or Anonymous may read the inbox
    ORPHANED_DELEGATE = "orphaned_delegate"  # rights of an account that is no more
    BLOCK_ACCOUNT = "block_account"
    SET_LEAVER_REPLY = "set_leaver_reply"
    MEND_REPLY_TEXT = "mend_reply_text"
    END_LEAVER_REPLY = "end_leaver_reply"
    STOP_FORWARDING = "stop_forwarding"
    REPLY_AND_FORWARD = "reply_and_forward"  # the reply says it is not forwarded, and it is
    END_DELEGATIONS = "end_delegations"  # a leaver still has rights on mailboxes of others
    LETTERS_COME_BACK = "letters_come_back"  # our letters to this mailbox bounced, no rule saw it
    LETTERS_NOT_TAKEN = "letters_not_taken"  # a server refuses our letters to this mailbox, no rule saw it
    DECIDE_REMOVAL = "decide_removal"  # the reply is over; archive, holds and requests must be checked
