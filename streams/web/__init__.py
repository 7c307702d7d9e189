"""Pages of a worker: which warnings stand, most urgent first, and the check before an upload."""
