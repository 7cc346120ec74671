//! Threads that take turns on one modeled heap, every access judged.
