"""The desk over HTTP: `/api/v1`, probes and metrics; every route says who may ask for it."""
