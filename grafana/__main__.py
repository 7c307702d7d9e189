"""`python -m grafana` writes the dashboards, and the list of their panels, where they changed."""

from __future__ import annotations

from grafana.build import write

for path in write():
    print(path)
