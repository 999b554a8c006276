"""`make faults`: load through the embedded form and the stack, one thing broken, quiet, and a look at everything."""
