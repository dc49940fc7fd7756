"""A municipality with its Exchange: fictional people, real EWS over HTTP, on the loopback address only."""

from mailbot.simulator.access import Access
from mailbot.simulator.delivery import Delivered
from mailbot.simulator.faults import Fault, FaultKind
from mailbot.simulator.server import SimulatorServer
from mailbot.simulator.town import Town

__all__ = ["Access", "Delivered", "Fault", "FaultKind", "SimulatorServer", "Town"]
