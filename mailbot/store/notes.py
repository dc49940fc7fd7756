"""Small named values about the house itself: the stop switch, and notes such as the sign-in breaker."""

from datetime import datetime

from sqlalchemy import delete, select

from mailbot.store.part import Part, insert_for
from mailbot.store.schema import house

STOPPED = "stopped"
NOTE = "note:"


class Notes(Part):
    def stopped(self) -> bool:
        return self._value(STOPPED) is not None

    def set_stopped(self, value: bool, now: datetime) -> None:
        self._set_value(STOPPED, now.isoformat() if value else None)

    def note(self, name: str) -> str | None:
        return self._value(NOTE + name)

    def set_note(self, name: str, value: str | None) -> None:
        """None takes the note away."""
        self._set_value(NOTE + name, value)

    def _value(self, name: str) -> str | None:
        return self.connection.scalar(select(house.c.value).where(house.c.name == name))

    def _set_value(self, name: str, value: str | None) -> None:
        if value is None:
            self.connection.execute(delete(house).where(house.c.name == name))
            return
        new = insert_for(self.dialect, house).values(name=name, value=value)
        self.connection.execute(
            new.on_conflict_do_update(index_elements=[house.c.name], set_={"value": value})
        )
