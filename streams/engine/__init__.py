"""The batch path through Faust: chunks in, effects out, made durable in order."""
