"""What the house sends: an outbox of sealed notices, the job that sends them, and how often that may be."""
