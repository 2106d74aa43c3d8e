"""Keep records: one file per evaluation, written once, read strictly.

Where to look, by module:

    writing a record                       results, printed
    reading a folder of them               reading, scanning, single, misplaced, unusable
    where files lie, how they are written  paths, files
    outcomes of single items               commitment, joint
    keys and signatures                    keys, private_key
    campaigns under way                    unfinished
    claims of others' tools                imported, import_2025, import_codecarbon, import_faults
"""
