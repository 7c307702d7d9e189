"""Tables as Faust sees them: names and changelogs, for its assignor; states are in `store.py`."""

from __future__ import annotations

import asyncio
from typing import Any

from faust.stores import base
from faust.tables import Table
from faust.tables.manager import TableManager

from streams.engine.worker.recovery import BatchRecovery


class NoStore(base.Store):  # type: ignore[type-arg]
    """Faust's view of a table's states: there is none, `store.py` holds them."""

    def persisted_offset(self, tp: Any) -> int | None:
        return None

    def set_persisted_offset(self, tp: Any, offset: int) -> None:
        """Nothing: the engine's store remembers its own."""

    async def need_active_standby_for(self, tp: Any) -> bool:
        return True

    def apply_changelog_batch(self, batch: Any, to_key: Any, to_value: Any) -> None:
        """Nothing: `recovery.py` restores."""

    def reset_state(self) -> None:
        """Nothing is held."""

    async def backup_partition(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError("the changelog is the backup")

    def restore_backup(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError("the changelog is the backup")


class EngineTable(Table):  # type: ignore[type-arg]
    """Registered so that Faust's assignor keeps every consumed topic on the changelog's worker."""

    def _new_store(self) -> Any:
        return NoStore(
            "memory://", self.app, self, table_name=self.name, key_type=bytes, value_type=bytes
        )


class EngineTableManager(TableManager):
    """Faust's table manager with batched recovery."""

    @property
    def recovery(self) -> BatchRecovery:
        if self._recovery is None:
            self._recovery = BatchRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery  # type: ignore[return-value]

    async def on_start(self) -> None:
        # Upstream sleeps a second here (faust/tables/manager.py, on_start) for tables that are
        # declared late; ours are all there.
        await asyncio.sleep(0)
        if not self.should_stop:
            await self._update_channels()
            await self.recovery.start()
