"""The batch path through Faust: records in chunks, states in RocksDB, effects in order.

Start reading at README.md. Agents need `create_app`, `EngineConfig` and the types below.
"""

from streams.engine.kafka.config import EngineConfig
from streams.engine.kafka.types import Chunk, Effects, Output, Put, Record
from streams.engine.worker.app import EngineApp, create_app
from streams.engine.worker.engine import Engine, EngineStatus
from streams.engine.worker.runner import run_worker

__all__ = [
    "Chunk",
    "Effects",
    "Engine",
    "EngineApp",
    "EngineConfig",
    "EngineStatus",
    "Output",
    "Put",
    "Record",
    "create_app",
    "run_worker",
]
