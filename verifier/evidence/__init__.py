"""Documents and their copies: the streaming upload, the fence around writers, the checking of untrusted files."""
