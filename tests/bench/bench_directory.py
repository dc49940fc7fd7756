"""Reading a directory of 5,000 mailboxes: everything, and then what changed. On a real domain controller.

`python -m tests.bench.bench_directory [MAILBOXES]`. The reader is a process of its own, so that its memory is
its alone. Times are of this machine, with the server on it too; the ratios say more.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from mailbot.directory.ldap.session import PAGE
from mailbot.model.clock import SystemClock
from tests.bench.measure import cpu, peak_memory
from tests.contract.domain_controller import (
    GROUPS,
    PASSWORD,
    PEOPLE,
    USERNAME,
    DomainController,
    needed,
    own_address,
)
from tests.contract.ldap_people import STORE, change, dn_of, group, ldif, person, store

MAILBOXES, CHANGED, TIMES = 5000, 50, 3
GROUP = "Vertrouwenspersonen"


def people(count: int) -> str:
    """Each with a manager, one in fifty in the group that the settings name."""
    logins = [f"p{number}" for number in range(count)]
    made = [
        person(login, manager=dn_of(logins[number // 10]), homeMDB=STORE, department=f"Team {number % 40}")
        for number, login in enumerate(logins)
    ]
    return ldif(store(2_000_000), *made, group(GROUP, *(dn_of(login) for login in logins[::50])))


def reads(url: str, ca_file: str) -> None:
    """The reader: one reading for each line of its input, told as a line of JSON. `whole` forgets first."""
    from mailbot.directory.ldap.session import Session
    from mailbot.directory.ldap.simple_bind import Ldap3Session, SimpleBind
    from mailbot.directory.ldap.source import LdapDirectory
    from mailbot.engine.breaker import Breaker
    from mailbot.reports import logs

    logs.configure(None)
    clock, opened = SystemClock(), list[Ldap3Session]()
    breaker = Breaker(clock, lambda: None, lambda _text: None)
    bind = SimpleBind(USERNAME, PASSWORD, clock, breaker, Path(ca_file), each=120, whole=600)

    def opener(to: str) -> Session:
        opened.append(bind(to))
        return opened[-1]

    for line in sys.stdin:
        if line.strip() == "whole":
            directory = LdapDirectory(opener, [url], PEOPLE, frozenset({GROUP}), clock, deadline=600)
        before, used, began = peak_memory(), cpu(), time.perf_counter()
        accounts = directory.read().accounts
        told = {
            "accounts": len(accounts),
            "in_group": sum(bool(account.groups) for account in accounts),
            "seconds": time.perf_counter() - began,
            "cpu": cpu() - used,
            "pages": opened[-1].pages,
            "before": before,
            "peak": peak_memory(),
        }
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


def main(count: int) -> None:
    needed()
    with own_address() as address, tempfile.TemporaryDirectory() as folder:
        dc = DomainController(Path(folder) / "controller", address)
        dc.make()
        dc.start()
        try:
            dc.load(people(count))
            bench(dc, count)
        finally:
            dc.stop()


def bench(dc: DomainController, count: int) -> None:
    words = [sys.executable, "-m", "tests.bench.bench_directory", "--reads", dc.url, str(dc.ca_file)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdin and reader.stdout

        def reading(what: str) -> dict[str, Any]:
            assert reader.stdin and reader.stdout
            reader.stdin.write(f"{what}\n")
            reader.stdin.flush()
            told: dict[str, Any] = json.loads(reader.stdout.readline())
            assert told["accounts"] == count and told["in_group"] == len(range(0, count, 50))
            return told

        def best(what: str) -> dict[str, Any]:
            return min((reading(what) for _ in range(TIMES)), key=lambda told: float(told["seconds"]))

        first = reading("whole")
        whole, same = best("whole"), best("changes")
        dc.modify("\n".join(change(dn_of(f"p{number}"), "department", "Nieuw") for number in range(CHANGED)))
        changed = reading("changes")
        reader.stdin.close()
    sys.stdout.write(f"{count} mailboxes, {PAGE} a page, a database, a group of {count // 50} ({GROUPS})\n")
    for name, told in (("everything", whole), ("nothing changed", same), (f"{CHANGED} changed", changed)):
        sys.stdout.write(
            f"{name:16} {told['seconds']:6.2f} s, {told['cpu']:5.2f} s of processor, "
            f"{told['pages']:3} requests, {told['seconds'] / whole['seconds']:5.2f} of everything\n"
        )
    sys.stdout.write(
        f"memory: {first['before']:.0f} MB before, {first['peak']:.0f} MB at most in the first reading, "
        f"{changed['peak']:.0f} MB in all of them\n"
    )


if __name__ == "__main__":
    if "--reads" in sys.argv:
        reads(*sys.argv[2:])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else MAILBOXES)
