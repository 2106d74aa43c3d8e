"""Keep records: one file per evaluation, written once, read strictly."""
