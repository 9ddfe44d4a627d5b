"""Who may act: approvals that count, and signatures that may never be given twice (pure)."""
