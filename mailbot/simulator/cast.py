"""Who lives in gemeente Voorbeeld: its staged people, who is excluded there, and what the others lead to."""

from types import MappingProxyType

from mailbot.simulator import names
from mailbot.simulator.stories import COMPLIANT, NOT_APPLICABLE, RULES
from mailbot.simulator.stories_absence import ABSENCE_STORIES
from mailbot.simulator.stories_confidential import CONFIDENTIAL_STORIES
from mailbot.simulator.stories_delegates import DELEGATES_STORIES
from mailbot.simulator.stories_leaver import LEAVER_STORIES
from mailbot.simulator.stories_people import PEOPLE_STORIES
from mailbot.simulator.stories_quota import QUOTA_STORIES
from mailbot.simulator.stories_reply import REPLY_STORIES, RULE_STORIES
from mailbot.simulator.stories_signature import SIGNATURE_STORIES

SENDER = f"postbushulp@{names.DOMAIN}"
PILOT_GROUP = "postbushulp-pilot"

EXCLUDED_GROUPS = ("ondernemingsraad", "vertrouwenspersonen", "griffie")
EXCLUDED_ADDRESSES = tuple(
    f"{local}@{names.DOMAIN}" for local in ("fg", "klachten", "vertrouwenspersoon", "wmo")
)
EXCLUDED_TYPES = ("room", "equipment", "system")
"""Whoever is excluded in gemeente Voorbeeld: by group, by functional address, by kind of mailbox."""

CROWD = MappingProxyType(
    {
        "quota": COMPLIANT,
        "out_of_office": NOT_APPLICABLE,
        "delegates": COMPLIANT,
        "signature": COMPLIANT,
        "confidential_external": NOT_APPLICABLE,
        "leaver": NOT_APPLICABLE,
    }
)
COVERED = MappingProxyType({**CROWD, "out_of_office": COMPLIANT})
FUNCTIONAL = MappingProxyType(dict.fromkeys(RULES, NOT_APPLICABLE))
"""What unstaged mailboxes must lead to: nobody of the crowd is over a limit, away without a reply, without
colleagues or signature, or a sender of labelled mail to the outside."""

STORIES = (
    *QUOTA_STORIES,
    *ABSENCE_STORIES,
    *REPLY_STORIES,
    *RULE_STORIES,
    *DELEGATES_STORIES,
    *SIGNATURE_STORIES,
    *CONFIDENTIAL_STORIES,
    *LEAVER_STORIES,
    *PEOPLE_STORIES,
)
