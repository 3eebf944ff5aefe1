//! iCalendar files read tolerantly, repaired by name, and brought to a calendar store.
