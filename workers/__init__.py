"""The jobs and the two ways to run them: without a broker (`embedded`) and, later, through Celery."""
