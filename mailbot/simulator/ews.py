"""One EWS request from bytes to answer: who acts, which fault strikes, what the operation says, the log."""

from dataclasses import dataclass

from mailbot.simulator.access import Access, AccessLog
from mailbot.simulator.calls import Call, act_as
from mailbot.simulator.faults import Fault, FaultBoard, FaultKind
from mailbot.simulator.incoming import Request, read_request
from mailbot.simulator.journal import Journal
from mailbot.simulator.mime import is_report
from mailbot.simulator.operations import OPERATIONS
from mailbot.simulator.soap import ResponseError, SoapFault, envelope, fault_envelope
from mailbot.simulator.town import Town

UNKNOWN_OPERATION = "ErrorInvalidOperation"
_XML = "text/xml"
_HTML = "text/html"
_PAGE = b"<!DOCTYPE html><html><head><title>Outlook</title></head><body><h1>Aanmelden</h1></body></html>"
_BEFORE = {
    FaultKind.BUSY_503: 503,
    FaultKind.UNAUTHORIZED: 401,
    FaultKind.FORBIDDEN_403: 403,
    FaultKind.HANG: 0,
    FaultKind.DROP_BEFORE: 0,
    FaultKind.HTML_PAGE: 200,
    FaultKind.PLAIN_500: 500,
}
"""Faults that strike before the operation is executed, with the HTTP status of their answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`fault` tells the HTTP side what else to do to this answer, for `seconds` where that counts."""

    status: int
    body: bytes
    content_type: str = _XML
    fault: FaultKind | None = None
    seconds: float = 0.0
    code: str = ""


class Ews:
    def __init__(
        self,
        town: Town,
        journal: Journal,
        log: AccessLog,
        faults: FaultBoard,
        *,
        may_impersonate: bool,
        full_access: bool,
    ) -> None:
        self._town = town
        self._journal = journal
        self._log = log
        self._faults = faults
        self._may_impersonate = may_impersonate
        self._full_access = full_access

    def answer(self, account: str, content: bytes) -> Answer:
        """The answer to one signed-in request. It stands in the log before it leaves."""
        try:
            request = read_request(content)
        except SoapFault as refused:
            answer = _fault(refused)
            self._log.add(
                Access(self._town.clock.now(), "(unreadable)", account, None, (), (), 500, answer.code)
            )
            return answer
        mailboxes = self._about(request)
        searched = request.by_subject or (
            request.operation == "GetItem" and self._log.only_found(request.items)
        )
        fault = self._faults.take(request.operation, (*mailboxes, *request.looked_up))
        answer = self._struck(request, fault)
        self._log.add(
            Access(
                self._town.clock.now(),
                request.operation,
                account,
                request.impersonated,
                mailboxes,
                request.shape.names,
                answer.status,
                answer.code,
                fault.kind.value if fault else "",
                looked_up=request.looked_up,
                subject_searched=searched,
                reports_only=self._only_reports(request),
            )
        )
        return answer

    def _about(self, request: Request) -> tuple[str, ...]:
        """Addresses of all mailboxes that a request is about."""
        owners = (self._town.by_guid(guid) for guid in request.owners)
        named = [request.impersonated, *request.mailboxes, *(box.address for box in owners if box)]
        return tuple(dict.fromkeys(address for address in named if address))

    def _only_reports(self, request: Request) -> bool:
        """Whether it is a GetItem of reports of delivery and nothing else."""
        owners = [owner for guid in request.owners if (owner := self._town.by_guid(guid)) is not None]
        items = [owner.item(item_id) for item_id in request.items for owner in owners]
        found = [item for item in items if item is not None]
        return request.operation == "GetItem" and bool(found) and all(map(is_report, found))

    def _struck(self, request: Request, fault: Fault | None) -> Answer:
        if fault is None:
            return self._execute(request, None)
        if fault.kind in _BEFORE:
            page = _PAGE if fault.kind is not FaultKind.PLAIN_500 else b"Runtime Error"
            return Answer(_BEFORE[fault.kind], page, _HTML, fault.kind, fault.seconds)
        match fault.kind:
            case FaultKind.SERVER_BUSY:
                back_off = round(fault.seconds * 1000) if fault.seconds else None
                return _fault(SoapFault("ErrorServerBusy", back_off=back_off))
            case FaultKind.NO_OPERATION:
                return _fault(SoapFault(fault.code or UNKNOWN_OPERATION))
            case FaultKind.SOAP_CODE:
                return _fault(SoapFault(fault.code))
            case FaultKind.UNEXPECTED:
                return Answer(
                    200, envelope("<m:UnsubscribeResponse><m:ResponseMessages/></m:UnsubscribeResponse>")
                )
        answer = self._execute(request, fault)
        if fault.kind is FaultKind.BROKEN_XML:
            return Answer(200, answer.body[: len(answer.body) * 2 // 3], fault=fault.kind, code=answer.code)
        status = 0 if fault.kind is FaultKind.DROP_AFTER else answer.status
        return Answer(status, answer.body, _XML, fault.kind, fault.seconds, answer.code)

    def _execute(self, request: Request, fault: Fault | None) -> Answer:
        operation = OPERATIONS.get(request.operation)
        if operation is None:
            return _fault(SoapFault(UNKNOWN_OPERATION))
        try:
            acting = act_as(self._town, request.impersonated, may_impersonate=self._may_impersonate)
            call = Call(self._town, self._journal, request, acting, self._town.clock.now(), fault)
            call.full_access = self._full_access
            failing = _failing(fault)
            if failing is not None and not (fault is not None and _in_place(request, fault)):
                return Answer(200, envelope(operation.failure(call, failing)), code=failing.code)
            body = operation.answer(call)
            self._log.note_found(call.found)
        except SoapFault as refused:
            return _fault(refused)
        return Answer(200, envelope(body), code=call.first_error)


def _failing(fault: Fault | None) -> ResponseError | None:
    if fault is None:
        return None
    if fault.kind is FaultKind.INTERNAL_BUSY:
        return ResponseError("ErrorInternalServerError", inner="ErrorServerBusy")
    return ResponseError(fault.code) if fault.kind is FaultKind.CODE else None


def _in_place(request: Request, fault: Fault) -> bool:
    """Whether only one mailbox of several must fail, which the operation sees to itself."""
    return request.operation == "GetUserAvailability" and fault.mailbox is not None


def _fault(fault: SoapFault) -> Answer:
    return Answer(500, fault_envelope(fault), code=fault.code)
