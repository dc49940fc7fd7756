"""The client as it comes out of the box, against the same server: what a trap looks like to whoever falls in.

A test that shows a trap this way fails when a new release of exchangelib has mended it. Then our patch for
it can go.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import exchangelib
from exchangelib.protocol import BaseProtocol, CachingProtocol
from exchangelib.version import Build, Version

from mailbot.simulator import SimulatorServer
from tests.contract.roads import ACCOUNT, PASSWORD


@contextmanager
def stock(
    server: SimulatorServer,
    address: str,
    *,
    policy: Any = None,
    connections: int = 1,
    impersonate: bool = True,
    known: bool = True,
) -> Iterator[Any]:
    """An exchangelib account. `known` tells it the way of signing in and the version, so it need not ask."""
    config = exchangelib.Configuration(
        service_endpoint=server.endpoint,
        credentials=exchangelib.Credentials(ACCOUNT, PASSWORD),
        auth_type=exchangelib.BASIC if known else None,
        version=Version(build=Build(15, 2, 0, 0), api_version="Exchange2016") if known else None,
        retry_policy=policy or exchangelib.FailFast(),
        max_connections=connections,
    )
    try:
        yield exchangelib.Account(
            address,
            config=config,
            autodiscover=False,
            access_type=exchangelib.IMPERSONATION if impersonate else exchangelib.DELEGATE,
            default_timezone=exchangelib.UTC,
        )
    finally:
        CachingProtocol.clear_cache()


@contextmanager
def hurried(seconds: float) -> Iterator[None]:
    """exchangelib waits this long before it tries again, where it would wait for ten seconds."""
    before = BaseProtocol.RETRY_WAIT
    BaseProtocol.RETRY_WAIT = seconds
    try:
        yield
    finally:
        BaseProtocol.RETRY_WAIT = before
