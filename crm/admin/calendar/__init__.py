"""The calendar: tasks, calls and meetings by day, week and month, and their moves to other days."""
