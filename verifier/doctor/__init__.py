"""`verifier doctor`: looks at everything that an operator answers for, and says what to change.

Guarantees: changes nothing that lasts, but for the one object that a customers' tier tries with
(`verifier.vault.s3_trial`); one line a check, in a fixed order; a check that cannot be made is a finding, never the end
of the others. Leaves to others: the service's own refusals, which wait for nobody to look.
"""

from verifier.doctor.examination import examine
from verifier.doctor.findings import Finding

__all__ = ["Finding", "examine"]
