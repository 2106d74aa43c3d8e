"""The seam to untrusted code: frames to and from a process that is kept apart.

Where to look, by module:

    what a sandbox is                  protocol
    which way is taken, and its grade  ladder, probe, attempts
    grades A and B                     bwrap, stage
    grades C and D                     confined
    system calls                       seccomp
    what an entry is shown             interpreter, devices
    frames                             frames, requests, replies
    the running entry                  spawn, process, living, tree, affinity, marks, output,
                                       endings
    limits                             watch, spaces, cgroup, hierarchies, walls, service_manager
    what one session leaves the next   forgetting
"""
