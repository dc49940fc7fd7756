"""What one person may be left out of, beside being excluded altogether. No reason is asked or kept."""

from enum import StrEnum


class Restriction(StrEnum):
    SETTINGS_ONLY = "settings_only"  # sizes and settings, never headings or content
    PAUSED = "paused"  # an objection is pending: nothing is read and nothing told; what was kept stays
