"""Campaigns: long runs in which chance decides, outside `make test`.

    make campaign                          all of them, the long versions, and the properties at length
    make campaign ARGS=--short             the slice that the gate runs
    make campaign ARGS='chaos --seed 7'    one of them again, as a failure prints it

A seed is drawn when none is given (--seed or MAILBOT_CAMPAIGN_SEED), printed first and with every failure;
every further round runs under the next seed. What campaigns do is said in `chaos`, `kills` and `endurance`;
`kills-smtp` needs a real Postfix, and is skipped where there is none unless MAILBOT_REQUIRE names it.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import SystemRandom

from tests.campaign.chaos import chaos
from tests.campaign.endurance import bulk, year
from tests.campaign.kills import kills, kills_smtp
from tests.campaign.large_mailbox import large
from tests.campaign.ledger import Ledger, say

Campaign = Callable[[int, Path, bool], Ledger]
"""Takes a seed, an empty folder, and whether to be short."""

CAMPAIGNS: dict[str, Campaign] = {
    "chaos": chaos,
    "kills": kills,
    "kills-smtp": kills_smtp,
    "year": year,
    "bulk": bulk,
    "large": large,
}
SHORT = ("chaos", "kills", "kills-smtp", "bulk")
"""What the gate's slice runs unless a campaign is named."""

DRAWN = ("chaos", "kills", "kills-smtp")
"""Campaigns in which there is something to draw, so that a second round tells more than the first."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    seed = options.seed
    if seed is None:
        seed = int(os.environ.get("MAILBOT_CAMPAIGN_SEED") or SystemRandom().randrange(1, 1_000_000))
    names = options.campaigns or (SHORT if options.short else tuple(CAMPAIGNS))
    rounds = options.rounds or (1 if options.short else 2)
    say(f"campaigns: {', '.join(names)}; seed {seed}; {rounds} rounds")
    failed, skipped = [], []
    for name in names:
        for number in range(rounds if name in DRAWN else 1):
            began = time.monotonic()
            with tempfile.TemporaryDirectory(prefix="mailbot-campaign-") as folder:
                ledger = CAMPAIGNS[name](seed + number, Path(folder), options.short)
            ledger.note(f"{time.monotonic() - began:.0f} seconds")
            ledger.show()
            if ledger.wrong:
                failed.append(ledger.again)
            elif ledger.skipped:
                skipped.append(name)
    say("")
    held = f"all held but what was skipped: {', '.join(skipped)}" if skipped else "all campaigns held"
    say("\n".join(["FAILED, run again with:", *failed]) if failed else held)
    return bool(failed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign")
    parser.add_argument("campaigns", nargs="*", choices=[*CAMPAIGNS, []], help="all when none is named")
    parser.add_argument("--seed", type=int, help="repeats a run")
    parser.add_argument("--rounds", type=int, help="how often each campaign with chance in it runs")
    parser.add_argument("--short", action="store_true", help="a slice of about a minute")
    return parser


if __name__ == "__main__":
    sys.exit(main())
