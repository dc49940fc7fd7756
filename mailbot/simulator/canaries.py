"""Words that stand in mailboxes and may never be seen outside them: tests look for them everywhere."""

SUBJECT = "KANARIE-ONDERWERP-4471"
BODY = "KANARIE-TEKST-8832"
FOLDER = "KANARIE-MAP-1950"
CORRESPONDENT = "kanarie-afzender-6603@buitenwereld.example"
CORRESPONDENT_NAME = "KANARIE-NAAM-2719"
RULE = "KANARIE-REGEL-3308"
REPLY = "KANARIE-AFWEZIG-5174"
EVENT = "KANARIE-AFSPRAAK-7265"
HEADER = "KANARIE-KOPREGEL-0612"
SIGNATURE = "KANARIE-HANDTEKENING-8140"
ATTACHMENT = "KANARIE-BIJLAGE-2956"
GROUP = "kanarie-groep-7703"

ALL = frozenset(
    {
        SUBJECT,
        BODY,
        FOLDER,
        CORRESPONDENT,
        CORRESPONDENT_NAME,
        RULE,
        REPLY,
        EVENT,
        HEADER,
        SIGNATURE,
        ATTACHMENT,
        GROUP,
    }
)
