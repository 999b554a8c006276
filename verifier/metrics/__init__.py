"""How this installation tells others how it is: figures for Prometheus on a port of their own, and a sign of life."""
