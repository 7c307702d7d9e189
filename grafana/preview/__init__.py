"""Pictures of the dashboards, drawn with Grafana's own components from a Prometheus' answers."""
