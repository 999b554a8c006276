"""A worker's figures, on the port of `VERIFIER_WORKER_METRICS_PORT`.

Guarantees: where nobody can listen there, that is logged and the worker works on: destroying does not wait for figures,
and whoever reads them finds out that they are missing.
"""

from contextlib import ExitStack

from verifier.errors import ConfigurationError
from verifier.metrics.serving import metrics_on
from verifier.telemetry import get_log
from verifier.wiring import House, open_figures


def show_figures(house: House) -> ExitStack:
    """Answer readers until the stack is closed."""
    settings, showing = house.settings, ExitStack()
    try:
        showing.enter_context(
            metrics_on(
                settings.metrics_host,
                settings.worker_metrics_port,
                setting="VERIFIER_WORKER_METRICS_PORT",
                write_page=open_figures(house),
            )
        )
    except ConfigurationError as error:
        get_log().critical("metrics.refused", code=error.code)
    return showing
