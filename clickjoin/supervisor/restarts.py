"""When a child that died is started again. Pure."""

FIRST_PAUSE = 0.5  # seconds
LONGEST_PAUSE = 30.0
HEALTHY_AFTER = 60.0


def pause_before_restart(last_pause: float, ran: float) -> float:
    """Seconds to wait before the next start.

    last_pause: seconds waited before the start that has now ended, 0 for the very first one.
    ran: seconds from that start to the end. Who ran long enough begins again with the shortest pause.
    """
    if last_pause == 0 or ran >= HEALTHY_AFTER:
        return FIRST_PAUSE
    return min(last_pause * 2, LONGEST_PAUSE)
