"""Staff: who works here, in which roles; their sessions, and the API keys of their programs."""
