"""Keys of recipients: the same for one address or person however they are spelt, and opaque."""
