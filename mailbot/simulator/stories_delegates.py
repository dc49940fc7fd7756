"""Staged people for the rule on delegates: rights on the inbox, Outlook's delegates and full access.

Two active colleagues are enough. Nobody here is away, and all mailboxes are small.
"""

from mailbot.simulator import canaries
from mailbot.simulator.mailboxes import Flaw, Group, Right, Trouble
from mailbot.simulator.names import DOMAIN
from mailbot.simulator.stories import (
    COMPLIANT,
    COUNCIL,
    DEVIATION,
    LOOKED_AFTER,
    MATE_1,
    MATE_2,
    MATE_3,
    NOT_APPLICABLE,
    SELF,
    TIP,
    UNKNOWN,
    Story,
)

DEPARTED = f"hilbert.kuiken@{DOMAIN}"
CLOSED = f"tjerk.haanstra@{DOMAIN}"
NOBODY_KNOWS = f"bouchra.el.amrani@{DOMAIN}"
IN_CLOUD = f"cornelis.vroegop@{DOMAIN}"
TEAM_BOX = f"postbus.vergunningen@{DOMAIN}"
ROOM = f"vergaderzaal.de.linde@{DOMAIN}"
"""Other people of the town: one left in October, one in service with a closed account, one of whom the
directory does not say whether the account is open, one whose mailbox is in the cloud."""

READER = Right(MATE_1)

PEOPLE = (
    Story(
        "delegates-none",
        "Wibren Zeldenrust",
        "Nobody may look into the inbox.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        delegates=DEVIATION,
        rights=(),
    ),
    Story(
        "delegates-self-and-one",
        "Auke Dijkshoorn",
        "An entry for herself does not make a second colleague.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        delegates=DEVIATION,
        rights=(READER, Right(SELF, "Owner")),
    ),
    Story(
        "delegates-machines",
        "Jopie Hazenberg",
        "One colleague and two names of service accounts that the address list does not show.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        # A name is no proof: either may be a hidden group of colleagues, for it stands in no directory.
        delegates=UNKNOWN,
        rights=(READER, Right(f"svc-scan@{DOMAIN}", "Editor")),
        trustees=(f"svc-backup@{DOMAIN}",),
    ),
    Story(
        "delegates-team-box",
        "Gerda Lindhout",
        "One colleague and a shared mailbox that somebody gave rights to.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        delegates=DEVIATION,
        rights=(READER, Right(TEAM_BOX)),
    ),
    Story(
        "delegates-departed",
        "Wilma Groothuis",
        "The second colleague left in October.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        delegates=DEVIATION,
        rights=(READER,),
        trustees=(DEPARTED,),
    ),
    Story(
        "delegates-closed-account",
        "Nassim Berrada",
        "The second colleague is in service, but the account is closed.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        delegates=DEVIATION,
        rights=(READER, Right(CLOSED)),
    ),
    Story(
        "delegates-account-unknown",
        "Marijke Steringa",
        "Nobody knows whether the second colleague's account is open.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        delegates=UNKNOWN,
        rights=(READER, Right(NOBODY_KNOWS)),
    ),
    Story(
        "delegates-works-council",
        "Lobke Santing",
        "The second colleague sits on the works council: excluded from looking at, but a colleague.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        delegates=COMPLIANT,
        rights=(READER, Right(COUNCIL)),
    ),
    Story(
        "delegates-cross-premises",
        "Hubertine Cox",
        "The second colleague's mailbox lives in the cloud.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        delegates=COMPLIANT,
        rights=(READER, Right(IN_CLOUD)),
    ),
)

LEVELS = (
    Story(
        "delegates-contributor",
        "Dilan Öztürk",
        "Two colleagues may put mail in the inbox, none may read it.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        delegates=DEVIATION,
        rights=(Right(MATE_1, "Contributor"), Right(MATE_2, "None")),
    ),
    Story(
        "delegates-default-reads",
        "Jannes Lohuizen",
        "Everybody may read the inbox by the entry Default: work for the administrator, and no delegate.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        delegates=DEVIATION,
        tasks=("inbox_open_to_all",),
        rights=(READER, Right("Default")),
    ),
    Story(
        "delegates-anonymous-reads",
        "Meta Vosbergen",
        "Two colleagues, and Anonymous may read as well.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        delegates=COMPLIANT,
        tasks=("inbox_open_to_all",),
        rights=(*LOOKED_AFTER, Right("Anonymous")),
    ),
    Story(
        "delegates-calendar-only",
        "Ilonka Farkas",
        "Two delegates for the calendar, without rights on the inbox.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        delegates=DEVIATION,
        rights=(Right(MATE_1, "None", delegate=True), Right(MATE_2, "None", delegate=True)),
    ),
    Story(
        "delegates-full-access",
        "Ruben Kloppenburg",
        "Nothing on the inbox, but two colleagues have full access.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        delegates=COMPLIANT,
        rights=(),
        trustees=(MATE_1, MATE_2),
    ),
    Story(
        "delegates-same-thrice",
        "Wouter Heemstra",
        "The same colleague on the inbox, as delegate and with full access is one colleague.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        delegates=DEVIATION,
        rights=(Right(MATE_1, "Editor", delegate=True),),
        trustees=(MATE_1,),
    ),
    Story(
        "delegates-orphan",
        "Bep Lankhorst",
        "One colleague, and a delegate for the calendar whose account was deleted.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        delegates=DEVIATION,
        tasks=("orphaned_delegate",),
        rights=(READER,),
        calendar_rights=(Right("", "Editor", delegate=True, orphan=True),),
    ),
)

GROUPS = (
    Story(
        "delegates-group",
        "Mirjam Koolhaas",
        "A group with three colleagues may read the inbox.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        delegates=COMPLIANT,
        rights=(Right(f"{canaries.GROUP}@{DOMAIN}"),),
        groups=(Group(f"{canaries.GROUP}@{DOMAIN}", (SELF, MATE_1, MATE_2, MATE_3)),),
    ),
    Story(
        "delegates-group-of-the-past",
        "Sjors Tiggelaar",
        "A group in a group: one colleague, one who left, one with a closed account.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        delegates=DEVIATION,
        rights=(Right(f"groep.balie.oud@{DOMAIN}", "Editor"),),
        groups=(
            Group(f"groep.balie.oud@{DOMAIN}", (f"groep.balie.2019@{DOMAIN}", CLOSED)),
            Group(f"groep.balie.2019@{DOMAIN}", (MATE_1, DEPARTED)),
        ),
    ),
    Story(
        "delegates-group-in-group",
        "Aleida Breedveld",
        "One colleague in a group, a second one in a group within it.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        delegates=COMPLIANT,
        rights=(Right(f"groep.subsidies@{DOMAIN}"),),
        groups=(
            Group(f"groep.subsidies@{DOMAIN}", (MATE_1, f"groep.subsidies.kern@{DOMAIN}")),
            Group(f"groep.subsidies.kern@{DOMAIN}", (MATE_2, f"svc-scan@{DOMAIN}")),
        ),
    ),
    Story(
        "delegates-group-hidden",
        "Radjesh Bihari",
        "One colleague beside a group whose members are hidden.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        delegates=UNKNOWN,
        rights=(READER, Right(f"groep.verborgen@{DOMAIN}")),
        groups=(Group(f"groep.verborgen@{DOMAIN}", (MATE_2, MATE_3), hidden=True),),
    ),
    Story(
        "delegates-group-hidden-enough",
        "Tineke Holtrop",
        "Two colleagues beside a hidden group: enough whoever is in it.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        delegates=COMPLIANT,
        rights=(*LOOKED_AFTER, Right(f"groep.verborgen.2@{DOMAIN}")),
        groups=(Group(f"groep.verborgen.2@{DOMAIN}", (MATE_3,), hidden=True),),
    ),
)

UNREADABLE = (
    Story(
        "delegates-not-exported",
        "Oene Slofstra",
        "One colleague on the inbox, and the nightly export has no row for this mailbox.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        delegates=UNKNOWN,
        rights=(READER,),
        exported=False,
    ),
    Story(
        "delegates-not-exported-enough",
        "Bianca Verstappen",
        "No row in the export, but two colleagues on the inbox are enough.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        delegates=COMPLIANT,
        exported=False,
    ),
    Story(
        "delegates-export-unresolved",
        "Stefan Wolters",
        "The export could not resolve one account with full access; it may be the second colleague.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        delegates=UNKNOWN,
        rights=(READER,),
        trustees=("?",),
    ),
    Story(
        "delegates-sid-only",
        "Alwine Jorritsma",
        "The second entry on the inbox shows a SID only.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        delegates=UNKNOWN,
        rights=(READER, Right("")),
    ),
    Story(
        "delegates-entry-without-account",
        "Jorrit Balkema",
        "The second entry on the inbox is of an account that the directory cannot find, here or elsewhere.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        delegates=UNKNOWN,
        rights=(READER, Right("", "Editor", orphan=True)),
    ),
    Story(
        "delegates-stranger",
        "Guus Bontekoe",
        "The second account stands in no directory and is no group.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        delegates=UNKNOWN,
        rights=(READER, Right(f"stagiair07@{DOMAIN}")),
    ),
    Story(
        "delegates-permissions-denied",
        "Rieneke Sloots",
        "The permissions of the inbox may not be read; the export shows one colleague with full access.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        delegates=UNKNOWN,
        trustees=(MATE_1,),
        flaws=frozenset({Flaw.PERMISSIONS_DENIED}),
    ),
    Story(
        "delegates-list-denied",
        "Nynke Plantinga",
        "One colleague on the inbox; the delegates of Outlook may not be read.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        delegates=UNKNOWN,
        rights=(READER,),
        flaws=frozenset({Flaw.DELEGATES_DENIED}),
    ),
    Story(
        "delegates-moving-but-exported",
        "Sebastiaan Ploeger",
        "The export shows two colleagues with full access, but the mailbox is being moved this morning: "
        "whether a folder named confidential is shared cannot be seen.",
        quota=UNKNOWN,
        out_of_office=UNKNOWN,
        delegates=UNKNOWN,
        signature=UNKNOWN,
        confidential_external=UNKNOWN,
        trustees=(MATE_1, MATE_2),
        trouble=Trouble.MOVING,
    ),
)

PRIVATE_FOLDERS = (
    Story(
        "delegates-private-folder",
        "Brigitte Nolten",
        "Two delegates, and one of them may also read a folder named confidential.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        delegates=TIP,
        private_rights=(Right(MATE_1),),
    ),
    Story(
        "delegates-private-folder-shut",
        "Geertruida Bolt",
        "A folder named confidential carries entries, but none that reads.",
        quota=COMPLIANT,
        out_of_office=NOT_APPLICABLE,
        delegates=COMPLIANT,
        private_rights=(Right(MATE_1, "None"), Right(SELF, "Owner")),
    ),
)

DELEGATES_STORIES = (*PEOPLE, *LEVELS, *GROUPS, *UNREADABLE, *PRIVATE_FOLDERS)
