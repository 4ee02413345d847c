"""Runs servers and roles as children: in order, again when they die, stopped in reverse."""

from clickjoin.supervisor.supervise import supervise

__all__ = ["supervise"]
