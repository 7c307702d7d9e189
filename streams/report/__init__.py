"""A report of a history, for whoever runs no Kafka: one page, and a workbook."""
