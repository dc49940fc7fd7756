"""Ports on which nobody listens, and which nobody else is given while these tests run."""

import socket

_kept: list[socket.socket] = []


def free_port(address: str = "127.0.0.1") -> int:
    """A port that a server of a test may listen on, or on which nobody does.

    It stays taken, without anybody listening: the kernel gives it to nobody who asks for any free port, and
    a server that asks for this one gets it, as servers that allow the address to be used again do.
    """
    keeper = socket.socket()
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    keeper.bind((address, 0))
    _kept.append(keeper)
    return int(keeper.getsockname()[1])
