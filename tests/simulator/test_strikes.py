"""The board of faults remembers what struck whom: campaigns hold every unknown against it."""

from mailbot.simulator import Fault, FaultKind
from mailbot.simulator.faults import FaultBoard, Strike

ANNE, BOB = "anne@voorbeeld.example", "bob@voorbeeld.example"


def test_a_strike_names_the_fault_the_operation_and_everybody_in_the_request() -> None:
    board = FaultBoard()
    unlucky, elsewhere = Fault(FaultKind.HANG, "FindFolder", ANNE), Fault(FaultKind.HANG, "GetItem", ANNE)
    board.add(elsewhere, unlucky)
    board.take("FindFolder", [ANNE, BOB])
    board.take("FindFolder", [BOB])
    assert board.strikes() == [Strike(unlucky, "FindFolder", frozenset({ANNE, BOB}))]


def test_of_two_faults_that_match_only_the_one_that_struck_is_remembered() -> None:
    board = FaultBoard()
    once, later = Fault(FaultKind.SLOW, count=1), Fault(FaultKind.PLAIN_500, nth=2)
    board.add(once, later)
    for _ in range(3):
        board.take("FindFolder", [ANNE])
    assert [strike.fault for strike in board.strikes()] == [once, later, later]


def test_a_cleared_board_remembers_nothing() -> None:
    board = FaultBoard()
    board.add(Fault(FaultKind.HANG))
    board.take("FindFolder", [ANNE])
    board.clear()
    assert board.strikes() == []
