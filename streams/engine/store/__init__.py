"""Local state: RocksDB, its index of due times, the restore, and sweeps over it."""
