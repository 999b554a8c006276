"""`make stack`: every part of the house as a process of its own, on this machine, with real servers behind them."""
