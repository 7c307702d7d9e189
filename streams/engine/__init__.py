"""The batch path through Faust: records in chunks, states in RocksDB, effects in order.

Start reading at README.md. Agents need `create_app`, `EngineConfig` and the types below.
"""

from streams.engine.app import EngineApp, create_app
from streams.engine.config import EngineConfig
from streams.engine.engine import Engine, EngineStatus
from streams.engine.runner import run_worker
from streams.engine.types import Chunk, Output, Record, Work, Write

__all__ = [
    "Chunk",
    "Engine",
    "EngineApp",
    "EngineConfig",
    "EngineStatus",
    "Output",
    "Record",
    "Work",
    "Write",
    "create_app",
    "run_worker",
]
