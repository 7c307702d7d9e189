"""Where messages are sent to: each channel in the protocol that its documentation says."""
