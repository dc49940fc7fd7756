"""How case files write what is left in the mailbox of somebody who went."""

from mailbot.casefiles import notation
from mailbot.casefiles.access import number
from mailbot.casefiles.lines import FactLine, Lines
from mailbot.casefiles.signature import words
from mailbot.model.mailbox import ForwardRules, LeaverReply
from mailbot.model.needs import ExportedHold, ForwardingRules, HeldAccess, MailboxForwarding, ReplyOfLeaver


def leaver_reply(lines: Lines, need: ReplyOfLeaver) -> LeaverReply:
    """The lines `leaver_reply`, `reply_to_outside`, `text_inside` and `text_outside`; the two texts go
    through the redactor of the need."""
    inside, outside = words(lines, "text_inside"), words(lines, "text_outside")
    texts = {(True, True): "both", (True, False): "inside", (False, True): "outside", (False, False): "none"}
    written = texts[bool(inside.strip()), bool(outside.strip())]
    setting = notation.reply_setting({**lines, "reply": lines["leaver_reply"], "reply_texts": written})
    return LeaverReply(setting, need.redactor.features(inside), need.redactor.features(outside))


def forwarding_rules(lines: Lines, _need: ForwardingRules) -> ForwardRules:
    return ForwardRules(number(lines, "forwarding_rules"), number(lines, "hidden_rules"))


def mailbox_forwards(lines: Lines, _need: MailboxForwarding) -> bool:
    return notation.truth(lines["mailbox_forwards"])


def held_access(lines: Lines, _need: HeldAccess) -> int:
    return number(lines, "held_access")


def exported_hold(lines: Lines, _need: ExportedHold) -> bool:
    return notation.truth(lines["exported_hold"])


FACTS: tuple[FactLine, ...] = (
    FactLine("leaver_reply", ReplyOfLeaver, leaver_reply),
    FactLine("forwarding_rules", ForwardingRules, forwarding_rules),
    FactLine("mailbox_forwards", MailboxForwarding, mailbox_forwards),
    FactLine("held_access", HeldAccess, held_access),
    FactLine("exported_hold", ExportedHold, exported_hold),
)
DETAILS = frozenset({"text_inside", "text_outside", "hidden_rules", "reply_to_outside"})
