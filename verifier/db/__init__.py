"""The database: engine and transactions, column types, leases, clock. Knows no room's tables."""
