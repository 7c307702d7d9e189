"""`python -m grafana` writes the dashboards that changed."""

from __future__ import annotations

from grafana.build import write

for path in write():
    print(path)
