"""The seam to the teams: an entry as data, checked without ever running it.

Where to look, by module:

    check, and its rules            check, faults
    submission.toml                 manifest, document, fields, values, positions
    the folder's files              folder, names, contents
    the entry's code, unrun         source, program, futile, remembering
    the lock of packages            requirements
    big weights                     weights, weights_check, addresses, network, download
    digest, and the copy that runs  snapshot
    a new entry                     scaffold
    a pull request                  change, judging, git
    findings for other programs     findings, annotations, sarif, junit, job_summary
"""
