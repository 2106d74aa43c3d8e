"""The seam to energy: sources, and windows over them.

Where to look, by module:

    what a meter and a source are  protocol
    which meter is used            select
    windows over sources           sources, alignment, counter, slow_counter, power, trace,
                                   uncertainty
    the processor's counters       rapl, powercap
    NVIDIA boards                  nvml, nvml_library
    plugs at the wall              plug, plug_answer, plug_watch, shelly, tasmota, http,
                                   deadline_socket
    other sources                  command, replay, codecarbon, plug_in, calling
    without a sensor: modelled     cpu_model, processors
    what else the machine did      disturbance, kernel, kernel_threads, clock, temperature
    which machine it is            machine, platform_state
"""
