"""The operations that this server knows, by name."""

from collections.abc import Mapping
from types import MappingProxyType

from mailbot.simulator.calls import Operation
from mailbot.simulator.operations import (
    addressbook,
    availability,
    delegates,
    folders,
    identifiers,
    items,
    posting,
    replies,
    rules,
    settings,
    sync,
    timezones,
)

OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "ConvertId": identifiers.CONVERT_ID,
        "CreateItem": posting.CREATE_ITEM,
        "DeleteItem": posting.DELETE_ITEM,
        "ExpandDL": addressbook.EXPAND_DL,
        "FindFolder": folders.FIND_FOLDER,
        "FindItem": items.FIND_ITEM,
        "GetDelegate": delegates.GET_DELEGATE,
        "GetFolder": folders.GET_FOLDER,
        "GetInboxRules": rules.GET_INBOX_RULES,
        "GetItem": items.GET_ITEM,
        "GetServerTimeZones": timezones.GET_SERVER_TIME_ZONES,
        "GetUserAvailability": availability.GET_USER_AVAILABILITY,
        "GetUserConfiguration": settings.GET_USER_CONFIGURATION,
        "GetUserOofSettings": replies.GET_USER_OOF_SETTINGS,
        "ResolveNames": addressbook.RESOLVE_NAMES,
        "SendItem": posting.SEND_ITEM,
        "SetUserOofSettings": replies.SET_USER_OOF_SETTINGS,
        "SyncFolderItems": sync.SYNC_FOLDER_ITEMS,
    }
)
