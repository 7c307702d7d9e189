"""Copies of partitions that other workers own: whoever takes one over has next to nothing to read.

A thread reads their changelogs all the time and keeps stores where this worker would keep them if
the partitions were its own. Nobody else sees these stores. They are closed before a partition is
taken over, and its restore looks at its store as at any that lay there.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping

from confluent_kafka import KafkaException

from streams.engine.kafka.config import EngineConfig
from streams.engine.kafka.types import Committed
from streams.engine.store.errors import StoreError, StoreUnusable
from streams.engine.store.restore import RestoreFailed, Restorer, RestoreStopped, StateRefused
from streams.engine.store.store import StoreMemory, TableStore
from streams.telemetry.events import event

log = logging.getLogger(__name__)

_REST = 1.0
"""Half of the time at most goes into copies: the interpreter is one for all threads."""

_AGAIN_S = 30.0
"""After a failure."""


class Standbys:
    """The copies that this worker keeps. `begin` and `end` are for one thread at a time."""

    def __init__(
        self,
        config: EngineConfig,
        memory: StoreMemory,
        due_of: Mapping[str, Callable[[bytes], int]],
        now_us: Callable[[], int],
    ) -> None:
        """`due_of` and `now_us` are those of `Restorer`."""
        self._tables = {
            name: TableStore(name, config.data_dir / "tables", memory) for name in config.tables
        }
        self._restorer = Restorer(config, self._tables, due_of, now_us, rest=_REST)
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self.partitions: frozenset[int] = frozenset()
        """Those of which a copy is to be kept."""

    @property
    def behind(self) -> int:
        """Changelog records that the copies lack, as far as is known."""
        return self._restorer.stats.remaining if self.partitions else 0

    def begin(self, partitions: Iterable[int], committed: Iterable[Committed]) -> None:
        """Keep copies of these partitions from now on, and of no others.

        `committed` are the offsets of their inputs: changelogs that do not fit them are no copy's.
        """
        self.end()
        self.partitions = frozenset(partitions)
        if not self.partitions:
            return
        self._ending.clear()
        self._thread = threading.Thread(
            target=self._keep,
            args=(set(self.partitions), list(committed)),
            name="standbys",
            daemon=True,
        )
        self._thread.start()

    def end(self) -> None:
        """Keep none any more; their stores are closed afterwards. Blocks a little; repeatable."""
        thread, self._thread = self._thread, None
        self.partitions = frozenset()
        if thread is None:
            return
        self._ending.set()
        while thread.is_alive():
            self._restorer.stop()  # again: one that has just begun has not heard
            thread.join(0.05)

    def _keep(self, partitions: set[int], committed: list[Committed]) -> None:
        while not self._ending.is_set():
            try:
                self._restorer.catch_up(partitions, committed)
                log.info(
                    "copies of partitions %(partitions)s are kept from now on",
                    event("standbys_kept", partitions=sorted(partitions)),
                )
                self._restorer.follow(partitions)
            except RestoreStopped:
                continue
            except (RestoreFailed, StateRefused, StoreError, KafkaException, OSError) as error:
                if isinstance(error, StoreUnusable):
                    self._restorer.condemn(error)
                log.warning(
                    "no copies of partitions %(partitions)s are kept for now: %(problem)s",
                    event("standbys_failed", partitions=sorted(partitions), problem=str(error)),
                )
            finally:
                self._close()
            self._ending.wait(_AGAIN_S)

    def _close(self) -> None:
        for table in self._tables.values():
            table.close()
