"""The usual script: exchangelib as most scripts use it, one mailbox after the other.

A new Account for each question, the tree of folders walked for its sizes, whole items by `.all()`, delegates
and automatic reply as properties. Nothing is patched; the version is guessed.
"""

from typing import Any

from exchangelib import DELEGATE, Account, Configuration, Credentials, ExtendedProperty, Folder

from tests.bench.measure import Meter, Task, tell
from tests.bench.payload import load


class FolderSize(ExtendedProperty):  # type: ignore[misc]
    property_tag = 0x0E08
    property_type = "Long"


Folder.register("folder_size", FolderSize)
PRIVATE = ("persoonlijk", "privé")


def check(address: str, config: Configuration) -> dict[str, Any]:
    """The six checks of one mailbox, as somebody would write them one by one."""

    def account() -> Account:
        return Account(address, config=config, autodiscover=False, access_type=DELEGATE)

    size = sum(folder.folder_size or 0 for folder in account().root.walk())
    away = [
        (item.start, item.end) for item in account().calendar.all() if item.legacy_free_busy_status == "OOF"
    ]
    labelled = [
        item.subject for item in account().sent.all() if "vertrouwelijk" in (item.subject or "").lower()
    ]
    reply = account().oof_settings.state
    readers = [entry.user_id.primary_smtp_address for entry in account().inbox.permission_set.permissions]
    delegates = [delegate.user_id.primary_smtp_address for delegate in account().delegates]
    shared = 0
    for folder in account().root.walk():
        if any(word in folder.name.lower() for word in PRIVATE):
            folder.refresh()
            if any(entry.read_items == "FullDetails" for entry in folder.permission_set.permissions):
                shared += 1
    options = account().root.get_user_configuration("OWA.UserOptions", properties="Dictionary").dictionary
    rules = list(account().rules)
    return {
        "size": size,
        "away": len(away),
        "labelled": len(labelled),
        "reply": reply,
        "readers": len(readers),
        "delegates": len(delegates),
        "shared": shared,
        "signature": bool(options.get("signaturehtml")),
        "rules": len(rules),
    }


def main(task: Task) -> None:
    payload = load()
    config = Configuration(
        service_endpoint=task.endpoint, credentials=Credentials("VOORBEELD\\svc-mailbot", "demo-only")
    )
    addresses = [payload.address(number) for number in range(task.mailboxes)]
    check(addresses[0], config)
    with Meter(task.endpoint) as meter:
        values = {address: check(address, config) for address in addresses}
    tell([meter.said(values)])


if __name__ == "__main__":
    main(Task.given())
