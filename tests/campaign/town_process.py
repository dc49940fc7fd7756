"""A town behind its server in a process of its own, so that its memory is nobody else's.

Arguments: folder for its files, number of mailboxes. Prints its endpoint, then reads lines from standard
input: a moment (ISO) moves its clock, publishes that night's files anew and is answered by `done`. It ends
when its input is closed.
"""

import sys
from datetime import datetime
from pathlib import Path

from mailbot.simulator import SimulatorServer, Town
from mailbot.simulator.town import STORIES
from tests.acceptance.desk import SMALL_CAST
from tests.acceptance.municipality import MONDAY


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    folder, number = Path(sys.argv[1]), int(sys.argv[2])
    cast = [story for story in STORIES if story.id in SMALL_CAST]
    town = Town.build(seed=1, mailboxes=number, now=MONDAY, stories=cast)
    town.write_files(folder)
    with SimulatorServer(town) as server:
        say(server.endpoint)
        for line in sys.stdin:
            town.clock.set(datetime.fromisoformat(line.strip()))
            town.write_files(folder)
            server.log.clear()
            say("done")
