"""What carriers, aggregators and marketplaces send → canonical messages: a folder a source."""
