"""The control page: JSON over HTTP for whoever runs the simulator as a child process.

GET log (?summary=1), GET delivered, GET expected, GET excluded, GET/POST clock,
GET/POST/DELETE faults, DELETE log, POST mail (`to` and, in base64, `mime`: a mail comes in by SMTP).
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from mailbot.simulator.access import AccessLog
from mailbot.simulator.delivery import Delivered
from mailbot.simulator.faults import Fault, FaultBoard, FaultKind
from mailbot.simulator.town import Town


class Control:
    def __init__(
        self,
        town: Town,
        log: AccessLog,
        faults: FaultBoard,
        delivered: Callable[[], Mapping[str, list[Delivered]]],
        receive: Callable[[bytes, Sequence[str]], None],
    ) -> None:
        self._town = town
        self._log = log
        self._faults = faults
        self._delivered = delivered
        self._receive = receive

    def answer(self, method: str, path: str, content: bytes) -> tuple[int, bytes]:
        """HTTP status and JSON text."""
        parts = urlsplit(path)
        summary = "summary" in parse_qs(parts.query)
        try:
            given = json.loads(content) if content else {}
            value = self._value(f"{method} {parts.path.strip('/')}", given, summary=summary)
        except (ValueError, TypeError, KeyError) as error:
            return 400, json.dumps({"error": f"{type(error).__name__}: {error}"}).encode()
        if value is None:
            return 404, b'{"error": "no such page"}'
        return 200, json.dumps(value).encode()

    def _value(self, call: str, given: Any, *, summary: bool) -> Any:
        match call:
            case "GET log":
                return self._summary() if summary else [self._line(line) for line in self._log.lines()]
            case "DELETE log":
                self._log.clear()
                return {}
            case "GET clock":
                return {"now": self._town.clock.now().isoformat()}
            case "POST clock":
                return {"now": self._move(given).isoformat()}
            case "GET faults":
                return {"struck": self._faults.struck()}
            case "POST faults":
                rows = given if isinstance(given, list) else [given]
                self._faults.add(*(Fault(**{**row, "kind": FaultKind(row["kind"])}) for row in rows))
                return {}
            case "DELETE faults":
                self._faults.clear()
                return {}
            case "GET delivered":
                return {
                    address: {"count": len(mails), "message_ids": [mail.message_id for mail in mails]}
                    for address, mails in self._delivered().items()
                }
            case "POST mail":
                self._receive(base64.b64decode(given["mime"], validate=True), given["to"])
                return {}
            case "GET expected":
                return self._town.expected()
            case "GET excluded":
                return self._town.excluded()
        return None

    def _summary(self) -> dict[str, Any]:
        """`content_asked` counts requests for words of people."""
        lines = self._log.lines()
        return {
            "operations": self._log.counts(),
            "content_asked": sum(1 for line in lines if line.content_asked),
            "body_asked": sum(1 for line in lines if line.body_asked),
            "refused_sign_ins": sum(1 for line in lines if line.refused),
        }

    @staticmethod
    def _line(line: Any) -> dict[str, Any]:
        row = asdict(line)
        row["at"] = line.at.isoformat()
        row["content_asked"] = line.content_asked
        return row

    def _move(self, given: Mapping[str, Any]) -> datetime:
        if "now" in given:
            moment = datetime.fromisoformat(given["now"])
            if moment.tzinfo is None:
                raise ValueError("now needs an offset")
            self._town.clock.set(moment)
        else:
            self._town.clock.set(self._town.clock.now() + timedelta(seconds=float(given["advance_seconds"])))
        return self._town.clock.now()
