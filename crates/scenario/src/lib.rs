//! One file, one world, one judged run.
