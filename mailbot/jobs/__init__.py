"""Use cases that execute. They speak to ports only; wiring.py hands them a House."""
