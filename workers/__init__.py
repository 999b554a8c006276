"""The jobs and the two ways to run them: by a process's own clock (`embedded`), and through Celery (`app`, `pool`)."""
