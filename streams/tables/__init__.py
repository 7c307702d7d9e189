"""From records to effects: a chunk of one partition is absorbed, judged and turned into work."""
