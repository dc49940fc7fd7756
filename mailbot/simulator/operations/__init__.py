"""The operations that this server knows, by name."""

from collections.abc import Mapping
from types import MappingProxyType

from mailbot.simulator.calls import Operation
from mailbot.simulator.operations import (
    availability,
    folders,
    identifiers,
    items,
    posting,
    replies,
    rules,
    timezones,
)

OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "ConvertId": identifiers.CONVERT_ID,
        "CreateItem": posting.CREATE_ITEM,
        "DeleteItem": posting.DELETE_ITEM,
        "FindFolder": folders.FIND_FOLDER,
        "FindItem": items.FIND_ITEM,
        "GetFolder": folders.GET_FOLDER,
        "GetInboxRules": rules.GET_INBOX_RULES,
        "GetItem": items.GET_ITEM,
        "GetServerTimeZones": timezones.GET_SERVER_TIME_ZONES,
        "GetUserAvailability": availability.GET_USER_AVAILABILITY,
        "GetUserOofSettings": replies.GET_USER_OOF_SETTINGS,
        "SendItem": posting.SEND_ITEM,
        "SetUserOofSettings": replies.SET_USER_OOF_SETTINGS,
    }
)
