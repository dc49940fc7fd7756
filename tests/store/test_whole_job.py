"""The main job over each database: sweep, letters, and a second run that sends nothing."""

from pathlib import Path

from mailbot.jobs.deliver import deliver
from mailbot.jobs.sweep import sweep
from mailbot.model.letters import LetterKind, LetterState
from tests.acceptance.municipality import municipality

STORIES = ("plain-over", "portugal", "size-missing")


def test_monday_ends_the_same_on_both_databases(empty_database: str, tmp_path: Path) -> None:
    with municipality(tmp_path, mailboxes=6, stories=STORIES) as here:
        here.change(('url = "sqlite:///mailbot.db"', f'url = "{empty_database}"'))
        for hour, letters in ((6, 2), (11, 0)):
            here.at(hour)
            with here.opened() as house:
                report = sweep(house, here.slot())
                assert report is not None
                assert report.result.value == "complete"
                here.at(hour + 4, 5)
                assert deliver(house).sent == letters
                with house.store.begin() as work:
                    assert work.letter_counts() == {(LetterKind.NUDGE, LetterState.SENT): 2}
                    assert work.problems() == {}
                    assert work.audit_intact()
        assert here.letters() == 2
