"""Contact checks: whether the person who asks controls an address that is registered on the account."""
