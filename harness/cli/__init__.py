"""The command line: the only place that prints or picks an exit code.

Heavy libraries are imported where they are used, so that ``check`` and ``--help`` start in a blink.
"""
