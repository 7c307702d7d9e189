"""The dashboards: what they ask is defined here, `python -m grafana` writes what Grafana loads."""
