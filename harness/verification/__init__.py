"""Hold records against what they name: their entry, task, data, rules, and their own windows."""
