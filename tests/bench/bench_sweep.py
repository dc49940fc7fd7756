"""What a sweep costs: requests and processor time per mailbox, beside the least that HTTP alone would cost.

    python tests/bench/bench_sweep.py [MAILBOXES]

The simulator runs as a process of its own. The lower bound sends the same number of requests over one
connection each and parses the answers with lxml, without sign-in, deadlines, facts, verdicts or database.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
from lxml import etree

sys.path.insert(0, str(Path(__file__).parents[2]))

from mailbot import wiring
from mailbot.cli.demo_settings import PASSWORD
from mailbot.jobs.sweep import sweep
from mailbot.model.clock import SetClock
from mailbot.model.slots import Job, Slot
from mailbot.reports.logs import configure
from tests.acceptance.municipality import MONDAY, write_settings

ROUNDS = 3


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measured(call: Callable[[], Any]) -> tuple[float, float, Any]:
    """Processor seconds, seconds on the clock, and what the call gave."""
    start, clock = cpu(), time.perf_counter()
    value = call()
    return cpu() - start, time.perf_counter() - clock, value


def bare(endpoint: str, times: int) -> None:
    """One FindFolder over and over, on one connection, parsed and dropped."""
    session = requests.Session()
    session.trust_env = False
    session.auth = ("VOORBEELD\\svc-mailbot", PASSWORD)
    body = FIND_FOLDER.encode()
    headers = {"Content-Type": "text/xml; charset=utf-8"}
    for _ in range(times):
        answer = session.post(endpoint, data=body, headers=headers, timeout=30)
        answer.raise_for_status()
        etree.fromstring(answer.content)


FIND_FOLDER = """<?xml version="1.0" encoding="utf-8"?>
<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"
  xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"
  xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types">
<s:Header><t:RequestServerVersion Version="Exchange2016"/></s:Header><s:Body>
<m:FindFolder Traversal="Deep"><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>
<t:FieldURI FieldURI="folder:ParentFolderId"/><t:FieldURI FieldURI="folder:DistinguishedFolderId"/>
<t:ExtendedFieldURI PropertyTag="0x0E08" PropertyType="Long"/></t:AdditionalProperties></m:FolderShape>
<m:IndexedPageFolderView MaxEntriesReturned="1000" Offset="0" BasePoint="Beginning"/>
<m:ParentFolderIds><t:DistinguishedFolderId Id="root"><t:Mailbox>
<t:EmailAddress>postbushulp@voorbeeld.example</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId>
</m:ParentFolderIds></m:FindFolder></s:Body></s:Envelope>"""


def bench(mailboxes: int, folder: Path) -> None:
    command = [sys.executable, "-m", "mailbot.simulator", "--mailboxes", str(mailboxes)]
    simulator = subprocess.Popen(
        [*command, "--now", MONDAY.isoformat(), "--folder", str(folder / "town")],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert simulator.stdout is not None
        endpoint = json.loads(simulator.stdout.readline())["endpoint"]
        settings = folder / "settings"
        write_settings(settings, endpoint, folder / "town")
        clock = SetClock(MONDAY)
        ratios = []
        for number in range(ROUNDS):
            with wiring.opened(settings, {}, clock=clock, owner="bench") as house:
                slot = Slot(Job.SWEEP, house.today(), f"bench-{number}")
                used, seconds, report = measured(lambda slot=slot, house=house: sweep(house, slot))
            sent = report.figures.requests
            least, _, _ = measured(lambda sent=sent: bare(endpoint, sum(sent.values())))
            ratios.append(used / least)
            say(
                f"round {number + 1}: {1000 * used / mailboxes:.2f} ms CPU a mailbox, "
                f"{mailboxes / seconds:.0f} mailboxes/s, "
                f"{sum(sent.values()) / mailboxes:.2f} requests a mailbox, "
                f"{used / least:.1f} x the lower bound"
            )
        say(f"requests by operation: {json.dumps(dict(sorted(sent.items())))}")
        say(f"ratio to the lower bound: {min(ratios):.1f} to {max(ratios):.1f}")
        say(f"peak memory of the process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")
    finally:
        simulator.terminate()
        simulator.wait(timeout=20)


def say(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    configure(None)
    with tempfile.TemporaryDirectory() as temporary:
        bench(int(sys.argv[1]) if len(sys.argv) > 1 else 500, Path(temporary))
