"""Reviews: the queue, claims, views and decisions."""
