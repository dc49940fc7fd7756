"""What somebody can do about a fact that could not be read, in words for the one who has to do it."""

from collections.abc import Mapping

from mailbot.model.facts import Reason

_WAIT = "nothing yet: it passes by itself, the next sweep tries again"
_FAULT = "report it to whoever supplies mailbot"

MENDING: Mapping[Reason, str] = {
    Reason.NOT_ASKED: _FAULT,
    Reason.NOT_VISITED: "raise [exchange] run_minutes when it happens every day",
    Reason.TIMED_OUT: "raise [exchange] mailbox_deadline_seconds when it happens every day",
    Reason.THROTTLED: "lower [exchange] workers, or ask for a throttling policy for the service account",
    Reason.CONNECTION_LOST: "look at the network and the load balancer when it happens every day",
    Reason.SERVER_FAILED: "look at the health of the Exchange server and its databases",
    Reason.SIGN_IN_REFUSED: "correct the user name or password of the service account",
    Reason.ACCESS_DENIED: "let the service account open this mailbox (check its management scope)",
    Reason.MAILBOX_MISSING: "check the address; Exchange knows no mailbox by it",
    Reason.MAILBOX_DISABLED: "open the account in the directory, or leave it out under [people]",
    Reason.MAILBOX_MOVED: "wait for the move to end; a mailbox in the cloud cannot be reached over EWS here",
    Reason.OPERATION_MISSING: "this server does not know the operation: update Exchange",
    Reason.ANSWER_BROKEN: "look for a proxy or gateway that changes answers; else " + _FAULT,
    Reason.VALUE_MISSING: "this server does not give the value: update Exchange, or " + _FAULT,
    Reason.RULES_HIDDEN: "Exchange does not show some inbox rules of this mailbox; its owner can see them",
    Reason.REPLY_RULE_CONDITIONAL: "an inbox rule replies to some mail only; its owner can see it",
    Reason.REPLY_TEXT_UNCLEAR: "read the automatic reply of who left: does it say so, and tell no more?",
    Reason.NOT_IN_SOURCES: "fill it in the directory, or in the personnel feed",
    Reason.WORK_PATTERN_MISSING: "fill the column werkdagen in the personnel feed",
    Reason.CALENDAR_YEAR_MISSING: "settle the year in calendar.toml",
    Reason.BEYOND_WINDOW: _WAIT,
    Reason.EXPORT_MISSING: "run the nightly export of Exchange and set [exchange] access_export",
    Reason.EXPORT_STALE: "see why the nightly export of Exchange did not run, and whether both clocks agree",
    Reason.EXPORT_BROKEN: "see what `mailbot doctor` says about the nightly export",
    Reason.NOT_IN_EXPORT: "let the nightly export cover this mailbox as well",
    Reason.ACCOUNT_UNRESOLVED: "accounts with rights on the mailbox are not in the directory; complete it",
    Reason.GROUP_HIDDEN: "let the service account list members of groups; see claim no_hidden_members",
    Reason.SIGNATURE_ELSEWHERE: "Outlook may keep it, or it is a picture; see claim no_classic_outlook",
    Reason.SERVER_SIGNATURE_UNSTATED: "state in statements.toml whether the server adds signatures",
    Reason.TOO_FEW_MESSAGES: _WAIT,
    Reason.LABEL_UNCLEAR: "nothing: where a word stands in a subject does not always tell what it means",
    Reason.RECIPIENT_UNRESOLVED: "let the service account list the members of groups in the address list",
    Reason.NOT_CALIBRATED: "run mailbot calibrate secure-mail",
    Reason.ENCRYPTION_UNPROVEN: "run mailbot calibrate secure-mail for every client that staff send with",
    Reason.RULE_FAILED: _FAULT,
}
"""Every reason is there; a new one gets its words with it."""
